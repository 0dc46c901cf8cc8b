# Shared by the scripts that test, lint and measure.
# shellcheck shell=bash

step() {
    echo "== $*"
    "$@"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
    echo "== installing $*"
    command -v apt-get >/dev/null || { echo "$* is missing, and there is no apt-get to install it with" >&2; exit 1; }
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

need_c() {
    command -v cc >/dev/null || apt_install gcc libc6-dev
}
