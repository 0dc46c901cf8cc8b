#!/usr/bin/env bash
# Simulates how noisy the program is: 90 days of a fleet of 5,000 accounts, with single failures,
# outages, flappers, faults of the API and of Slack, through the program's own comparison, decisions,
# database and messages. Prints what the channel gets under some settings, beside one line for each
# disconnection, and fails where a promise is broken or a message is beyond one of Slack's limits.
#
#   scripts/noise.sh [--seed N] [--days N] [--accounts N]
#
# The same seed gives the same figures. Needs Rust and a C compiler; takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

need_c
step cargo bench --locked --bench noise -- "$@"
