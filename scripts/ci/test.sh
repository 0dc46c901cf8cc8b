#!/usr/bin/env bash
# Tests fetch_release.sh and package.sh: a stand-in for `gh` serves a release from a folder.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
target="$(uname -m)-unknown-linux-musl"
asset="monitor-$target.tar.gz"

main() {
    make_tools
    local test
    for test in no_release good binary_mode damaged replaced foreign_checksum doubled_checksum no_checksums no_asset \
        wrong_program other_machine no_answer one_bad_answer; do
        fresh_release
        "$test"
        echo "ok: fetch_release: $test"
    done
    packs
    echo "ok: package"
}

no_release() {
    rm -r "$work/release"
    fetch
    ends_with 0 "has no release yet"
    output_is found=false
    [ ! -e "$work/got/monitor" ] || fault "there is a program all the same"
}

good() {
    fetch
    ends_with 0 "monitor 1.2.3"
    output_is found=true
    [ "$("$work/got/monitor")" = "monitor 1.2.3" ] || fault "this is not the program of the release"
}

binary_mode() {
    (cd "$work/release" && sha256sum --binary "$asset" >SHA256SUMS)
    fetch
    ends_with 0 "matches its checksum"
}

damaged() {
    echo damage >>"$work/release/$asset"
    fetch
    fails "does not match its checksum"
}

replaced() {
    local sums
    sums=$(cat "$work/release/SHA256SUMS")
    make_release 'echo "monitor 6.6.6"'
    echo "$sums" >"$work/release/SHA256SUMS"
    fetch
    fails "does not match its checksum"
    [[ $said != *6.6.6* ]] || fault "it ran the program"
}

foreign_checksum() {
    sed -i "s/$asset/other.tar.gz/" "$work/release/SHA256SUMS"
    fetch
    fails "must name $asset once"
}

doubled_checksum() {
    echo "$(printf '0%.0s' {1..64})  $asset" >>"$work/release/SHA256SUMS"
    fetch
    fails "must name $asset once"
}

no_checksums() {
    rm "$work/release/SHA256SUMS"
    fetch
    fails "has no SHA256SUMS"
}

no_asset() {
    rm "$work/release/$asset"
    fetch
    fails "has no $asset"
}

wrong_program() {
    make_release "not a program"
    fetch
    fails "does not run here"
}

other_machine() {
    machine=riscv64
    fetch
    fails "no release for Linux riscv64"
}

no_answer() {
    failures=9
    fetch
    fails "cannot be read"
    [ "$(grep -c "release list" "$work/calls")" = 3 ] || fault "it did not try three times"
}

one_bad_answer() {
    failures=1
    fetch
    ends_with 0 "matches its checksum"
}

packs() {
    local copy="$work/copy" made=target/$target/release
    mkdir -p "$copy/scripts" "$copy/$made"
    cp -R scripts/ci scripts/systemd scripts/install.sh "$copy/scripts"
    cp -R README.md CHANGELOG.md docs .env.example "$copy"
    cp "$work/program" "$copy/$made/monitor"
    "$copy/scripts/ci/package.sh" "$target"
    # What the one makes the other takes.
    cp "$copy/target/dist/$asset" "$work/release/"
    (cd "$work/release" && sha256sum monitor-* >SHA256SUMS)
    fetch
    ends_with 0 "monitor 1.2.3"
    tar -tzf "$copy/target/dist/$asset" >"$work/list"
    local file
    for file in monitor README.md docs/linux.md .env.example install.sh systemd/; do
        grep -qx "monitor-$target/$file" "$work/list" || fault "$file is not in the archive"
    done
}

# Stand-ins for `gh`, for `sleep` so that nothing waits, and for `uname`.
make_tools() {
    mkdir "$work/tools"
    cat >"$work/tools/gh" <<'END'
#!/usr/bin/env bash
echo "$*" >>"$WORK/calls"
[ "$(wc -l <"$WORK/calls")" -gt "$FAILURES" ] || { echo "HTTP 502" >&2; exit 1; }
[ "$GITHUB_REPOSITORY" = owner/name ] && [ "$GH_TOKEN" = token ] || exit 4
case "$1 $2" in
    "release list") [ ! -d "$WORK/release" ] || echo v1.2.3 ;;
    "release download")
        [ "$3" = v1.2.3 ] || exit 1
        shift 3
        patterns=()
        while [ $# -gt 0 ]; do
            case "$1" in
                --dir) dir=$2; shift 2 ;;
                --pattern) patterns+=("$2"); shift 2 ;;
                --repo) shift 2 ;;
                *) shift ;;
            esac
        done
        for pattern in "${patterns[@]}"; do
            [ ! -f "$WORK/release/$pattern" ] || cp "$WORK/release/$pattern" "$dir/"
        done
        ;;
    *) exit 1 ;;
esac
END
    printf '#!/bin/sh\n' >"$work/tools/sleep"
    cat >"$work/tools/uname" <<'END'
#!/bin/sh
case "$1" in -m) echo "$MACHINE" ;; *) echo Linux ;; esac
END
    chmod +x "$work"/tools/*
}

fresh_release() {
    rm -rf "$work/release" "$work/got"
    mkdir -p "$work/release"
    : >"$work/calls"
    machine=$(uname -m)
    failures=0
    printf '#!/bin/sh\necho "monitor 1.2.3"\n' >"$work/program"
    make_release "$(cat "$work/program")"
}

# Packs a program with this text and writes its checksum.
make_release() {
    mkdir -p "$work/monitor-$target"
    printf '%s\n' "$1" >"$work/monitor-$target/monitor"
    chmod +x "$work/monitor-$target/monitor"
    tar -czf "$work/release/$asset" -C "$work" "monitor-$target"
    (cd "$work/release" && sha256sum "$asset" >SHA256SUMS)
}

# Runs fetch_release.sh; its end and its words are in $code and $said.
fetch() {
    : >"$work/output"
    code=0
    said=$(PATH="$work/tools:$PATH" WORK=$work FAILURES=$failures MACHINE=$machine GH_TOKEN=token \
        GITHUB_REPOSITORY=owner/name GITHUB_OUTPUT="$work/output" \
        scripts/ci/fetch_release.sh "$work/got/monitor" 2>&1) || code=$?
}

ends_with() {
    [ "$code" = "$1" ] && [[ $said == *"$2"* ]] || fault "it ended with $code and said: $said"
}

# Nothing may be built or run in place of what could not be verified.
fails() {
    ends_with 1 "$1"
    [[ $said == *"::error title="* ]] || fault "no annotation: $said"
    output_is ""
}

output_is() {
    [ "$(cat "$work/output")" = "$1" ] || fault "the output is: $(cat "$work/output")"
}

fault() {
    echo "${FUNCNAME[1]}, called by ${FUNCNAME[2]}: $*" >&2
    exit 1
}

main
