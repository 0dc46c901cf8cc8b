#!/usr/bin/env bash
# Format, lints, documentation and all tests: the whole of what CI runs.
#
# Brings up a throwaway PostgreSQL by itself, on a free port and in a temporary folder that is
# removed at the end. Needs Rust; installs what else is missing on Debian (a C compiler and
# PostgreSQL 15 or newer), and fails where it cannot: no test is ever skipped.
#
# Arguments are passed on to `cargo test`.
set -euo pipefail
cd "$(dirname "$0")/.."

main() {
    need_compiler
    start_postgres
    export MONITOR_TEST_POSTGRES="postgres://postgres:$password@127.0.0.1:$port/postgres"
    export INSTA_UPDATE=no

    step cargo fmt --all --check
    step cargo clippy --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" step cargo doc --no-deps --locked
    step cargo test --locked "$@"
    echo "== all good"
}

step() {
    echo "== $*"
    "$@"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install() {
    echo "== installing $*"
    command -v apt-get >/dev/null || { echo "$* is missing, and there is no apt-get to install it with" >&2; exit 1; }
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

need_compiler() {
    command -v cc >/dev/null || install gcc libc6-dev
}

# Prints the folder of the newest PostgreSQL server of version 15 or later.
postgres_bin() {
    local dir
    for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) "$(pg_config --bindir 2>/dev/null || true)"; do
        [ -x "$dir/initdb" ] || continue
        local major
        major=$("$dir/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
        if [ "$major" -ge 15 ]; then
            echo "$dir"
            return
        fi
    done
    return 1
}

start_postgres() {
    bin=$(postgres_bin) || { install postgresql; bin=$(postgres_bin); }
    home=$(mktemp -d)
    trap stop_postgres EXIT
    # The server refuses to run as root.
    as_server=()
    if [ "$(id -u)" = 0 ]; then
        chown postgres "$home"
        as_server=(runuser -u postgres --)
    fi
    password=throwaway-$RANDOM$RANDOM
    (
        cd "$home"
        printf '%s' "$password" >password
        chmod a+r password
        "${as_server[@]}" "$bin/initdb" -D "$home/data" -U postgres -E UTF8 --no-locale \
            --auth=scram-sha-256 --pwfile="$home/password" >"$home/initdb.log"
        local try
        for try in 1 2 3 4 5 6 7 8 9 10; do
            port=$((20000 + RANDOM % 12000))
            # Nothing here outlives the tests, so the disk need not be waited for.
            if "${as_server[@]}" "$bin/pg_ctl" -D "$home/data" -l "$home/log" -w -t 60 start >/dev/null -o \
                "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$home -c fsync=off \
                 -c max_connections=200"; then
                echo "$port" >"$home/port"
                exit 0
            fi
            echo "port $port is not to be had (try $try)"
        done
        cat "$home/log"
        exit 1
    )
    port=$(cat "$home/port")
    echo "== PostgreSQL from $bin on port $port"
}

stop_postgres() {
    (cd / && "${as_server[@]}" "$bin/pg_ctl" -D "$home/data" -m immediate -w stop >/dev/null 2>&1) || true
    rm -rf "$home"
}

main "$@"
