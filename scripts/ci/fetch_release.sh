#!/usr/bin/env bash
# Downloads monitor from the latest release of this repository, for the machine that this runs on,
# and verifies its checksum. Called by .github/workflows/monitor.yml.
#
# usage: fetch_release.sh FILE
#
# Writes the program to FILE and `found=true` to $GITHUB_OUTPUT; `found=false` if the repository has no
# release at all, so that the caller builds it. Everything else ends with 1: a release that cannot be
# read or does not match its checksum is never replaced by something else unnoticed.
# Reads GITHUB_REPOSITORY, and GH_TOKEN for `gh`.
set -euo pipefail

main() {
    local file=$1 target tag asset dir
    target=$(target)
    tag=$(retry gh release list --repo "$GITHUB_REPOSITORY" --json tagName,isLatest \
        --jq '.[] | select(.isLatest) | .tagName') || fail "the releases of $GITHUB_REPOSITORY cannot be read." \
        "If githubstatus.com knows of no trouble, see that the job has the permission 'contents: read'."
    if [ -z "$tag" ]; then
        echo "$GITHUB_REPOSITORY has no release yet."
        echo "found=false" >>"$GITHUB_OUTPUT"
        return
    fi

    asset="monitor-$target.tar.gz"
    dir=$(mktemp -d)
    # shellcheck disable=SC2064 # the folder of now
    trap "rm -rf '$dir'" EXIT
    retry gh release download "$tag" --repo "$GITHUB_REPOSITORY" --clobber --dir "$dir" \
        --pattern "$asset" --pattern SHA256SUMS || fail "release $tag cannot be downloaded. The lines above say why."
    [ -f "$dir/$asset" ] || fail "release $tag has no $asset. Make the release again, or delete it to build from source."
    verify "$dir" "$asset" "$tag"
    tar -xzf "$dir/$asset" -C "$dir" --no-same-owner "monitor-$target/monitor"
    install -D -m 755 "$dir/monitor-$target/monitor" "$file"
    "$file" --version || fail "the program of release $tag does not run here."
    echo "found=true" >>"$GITHUB_OUTPUT"
    echo "$asset of release $tag matches its checksum."
}

# Prints the Rust target whose build runs here.
target() {
    local system
    system="$(uname -s) $(uname -m)"
    case "$system" in
        "Linux x86_64") echo x86_64-unknown-linux-musl ;;
        "Linux aarch64") echo aarch64-unknown-linux-musl ;;
        *) fail "there is no release for $system. Set 'runs-on' to ubuntu-latest." ;;
    esac
}

# Fails unless the release's SHA256SUMS has exactly one line for the file, and it is right.
verify() {
    local dir=$1 asset=$2 tag=$3 line
    [ -f "$dir/SHA256SUMS" ] || fail "release $tag has no SHA256SUMS, so $asset cannot be verified."
    line=$(awk -v name="$asset" '$2 == name || $2 == "*" name' "$dir/SHA256SUMS")
    [ "$(grep -c . <<<"$line")" = 1 ] || fail "SHA256SUMS of release $tag must name $asset once."
    (cd "$dir" && sha256sum --check --strict --status <<<"$line") ||
        fail "$asset of release $tag does not match its checksum. It was damaged or replaced: do not use it." \
            "See who changed the release, and make it again."
}

# Runs the command up to three times.
retry() {
    "$@" && return
    sleep 5
    "$@" && return
    sleep 15
    "$@"
}

fail() {
    echo "::error title=No program to run::$*" >&2
    exit 1
}

main "$@"
