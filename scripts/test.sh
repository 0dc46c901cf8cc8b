#!/usr/bin/env bash
# Format, lints, documentation and all tests of the program, and the instructions of its pure parts
# against their baseline.
#
# Brings up a throwaway PostgreSQL by itself, with TLS and with a pooler before it, on free ports and
# in a temporary folder that is removed at the end. Needs Rust; installs what else is missing on
# Debian (C and C++ compilers, PostgreSQL 15 or newer, PgBouncer, OpenSSL, valgrind), and fails where
# it cannot: no test is ever skipped.
#
# `--all`, as the first argument, adds what CI runs beyond it: the report in a real browser, and
# scripts/lint.sh. Further arguments are passed on to `cargo test`; with any, instructions are not
# compared.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/postgres.sh
. scripts/postgres.sh

main() {
    local all=
    if [ "${1:-}" = --all ]; then
        all=yes
        shift
    fi
    need_compiler
    # Nothing here outlives the tests, so the disk need not be waited for. The pooler keeps the
    # connections of a test for ten minutes, and each test has a database of its own.
    start_postgres fsync=off max_connections=1000
    export MONITOR_TEST_POSTGRES="postgres://postgres:$password@127.0.0.1:$port/postgres"
    export MONITOR_TEST_POSTGRES_CA="$home/ca.pem"
    start_pooler
    export MONITOR_TEST_POOLER="postgres://postgres:$password@127.0.0.1:$pooler_port/postgres"
    export INSTA_UPDATE=no
    # Most tests wait for programs and servers most of the time.
    export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$((3 * $(nproc)))}"

    step cargo fmt --all --check
    step cargo clippy --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" step cargo doc --no-deps --locked
    step cargo check --manifest-path fuzz/Cargo.toml --locked --target-dir target/fuzz
    step cargo test --locked "$@"
    # Takes minutes to build, so not for a few tests that are asked for by name.
    if [ $# = 0 ]; then step scripts/bench.sh --instructions; fi
    if [ "$all" ]; then
        need_browser
        # Not among all targets, so that a plain run needs no browser.
        step cargo clippy --test browser --locked -- -D warnings
        step cargo test --locked --test browser
        step scripts/lint.sh
    fi
    echo "== all good"
}

need_compiler() {
    need_c
    # The fuzzing engine is C++.
    command -v c++ >/dev/null || apt_install g++
}

need_browser() {
    local name
    for name in chromium chromium-browser google-chrome; do
        command -v "$name" >/dev/null && return
    done
    apt_install chromium
}

main "$@"
