#!/usr/bin/env bash
# Measures the program as it is released: fleets of 1,000 to 1,000,000 accounts on SQLite and on
# Postgres, beside a plain Python client; how well it uses a rate limit; how fast it starts.
#
#   scripts/bench.sh                  everything, in about 10 minutes after the build
#   scripts/bench.sh --quick          fleets of up to 100,000 accounts, and no rate limits
#   scripts/bench.sh --instructions   counts the instructions of the pure parts, and fails where one
#                                     is off its baseline by more than 5 %
#   scripts/bench.sh --instructions --write
#                                     takes that baseline anew (benches/instructions.txt)
#
# Brings up a throwaway PostgreSQL, which waits for the disk as a real one does, and a Python of its
# own in a temporary folder; both are gone at the end. Needs Rust; installs what else is missing on
# Debian. Wall and CPU times are noise on a machine that does something else meanwhile.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/postgres.sh
. scripts/postgres.sh

main() {
    case "$*" in
    "" | --quick) fleets "$@" ;;
    --instructions | "--instructions --write") instructions "${@:2}" ;;
    *)
        echo "usage: scripts/bench.sh [--quick | --instructions [--write]]" >&2
        exit 2
        ;;
    esac
}

fleets() {
    need_c
    [ -x /usr/bin/time ] || apt_install time
    python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
    start_postgres
    export MONITOR_TEST_POSTGRES="postgres://postgres:$password@127.0.0.1:$port/postgres"
    python3 -m venv "$home/venv"
    "$home/venv/bin/pip" install --quiet --disable-pip-version-check 'requests==2.34.2' 'psycopg[binary]==3.3.9'
    export MONITOR_BENCH_PYTHON="$home/venv/bin/python"
    step cargo bench --locked --bench fleet -- "$@"
}

instructions() {
    need_c
    command -v valgrind >/dev/null || apt_install valgrind
    step cargo bench --locked --bench instructions -- "$@"
}

main "$@"
