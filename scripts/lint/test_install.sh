#!/usr/bin/env bash
# Tests scripts/install.sh with the real program: below a temporary root, and with a home folder and a
# crontab of the test's own. Changes nothing on this machine. Needs systemd-analyze.
#
# Usage: scripts/lint/test_install.sh [PROGRAM], by default target/debug/monitor.
set -euo pipefail
cd "$(dirname "$0")/../.."

main() {
    program=$(realpath "${1:-target/debug/monitor}")
    [ -x "$program" ] || { echo "there is no $program; run cargo build first" >&2; exit 1; }
    home=$(mktemp -d)
    trap 'rm -rf "$home"' EXIT
    # Where an unprivileged user may look in, too.
    chmod 755 "$home"
    unpack_release
    fake_crontab

    a_service_from_a_checkout
    a_service_from_a_release
    the_files_are_nobody_elses
    what_belongs_to_others_stays
    a_crontab_line
    a_crontab_that_cannot_be_read_is_not_replaced
    refusals
    echo "install.sh: all good"
}

# --- What it is tested with -----------------------------------------------------------------------

# A release as it lies unpacked, in a folder that is hard to quote.
unpack_release() {
    release="$home/a release & (more)"
    mkdir -p "$release"
    cp -r scripts/install.sh scripts/systemd .env.example "$release"
    cp "$program" "$release/monitor"
}

# A crontab command that keeps its table in a file, and speaks as cron's does.
fake_crontab() {
    mkdir -p "$home/bin"
    cat >"$home/bin/crontab" <<'END_OF_SCRIPT'
#!/bin/sh
case $1 in
-l) [ -z "$CRONTAB_FAULT" ] || { echo "$CRONTAB_FAULT" >&2; exit 1; }
    cat "$CRONTAB" 2>/dev/null || { echo "no crontab for you" >&2; exit 1; } ;;
-) cat >"$CRONTAB" ;;
*) exit 64 ;;
esac
END_OF_SCRIPT
    chmod +x "$home/bin/crontab"
    export CRONTAB="$home/crontab" CRONTAB_FAULT=
}

fail() {
    echo "install.sh: ${FUNCNAME[1]}: $*" >&2
    exit 1
}

# refuses WORDS COMMAND...: it must fail, and say so.
refuses() {
    local words=$1 said
    shift
    if said=$("$@" 2>&1); then fail "${FUNCNAME[1]}: was not refused: $*"; fi
    [[ $said == *"$words"* ]] || fail "${FUNCNAME[1]}: does not say «$words»: $said"
}

mode() {
    stat -c %a "$1"
}

# Units are sound only if there is nothing to say about them: unknown keys are no error.
verify() {
    mkdir -p "$1/usr/lib/systemd"
    cp -r /usr/lib/systemd/system "$1/usr/lib/systemd"
    local said
    said=$(systemd-analyze verify --root="$1" monitor.service monitor.timer 2>&1) || fail "$said"
    [ -z "$said" ] || fail "$said"
}

# --- Tests ----------------------------------------------------------------------------------------

a_service_from_a_checkout() {
    local root="$home/root"
    DESTDIR=$root scripts/install.sh "$program" >/dev/null
    "$root/usr/local/bin/monitor" --version >/dev/null
    [ "$(readlink "$root/var/lib/monitor/.env")" = /etc/monitor/.env ] || fail "the settings are not linked"
    cmp .env.example "$root/etc/monitor/.env"
    verify "$root"

    # Again, over settings that were filled in and a program that runs.
    echo FILLED=in >"$root/etc/monitor/.env"
    chmod 644 "$root/etc/monitor/.env"
    DESTDIR=$root scripts/install.sh "$program" >/dev/null
    [ "$(cat "$root/etc/monitor/.env")" = FILLED=in ] || fail "the settings were overwritten"
    [ "$(mode "$root/etc/monitor/.env")" = 640 ] || fail "the settings are readable to all"
    [ "$(find "$root/usr/local" "$root/etc" "$root/var" -type f | wc -l)" = 4 ] || fail "something was left behind"

    touch "$root/var/lib/monitor/smartlead_monitor.log"
    DESTDIR=$root scripts/install.sh --uninstall >"$home/said"
    grep -q "Kept: $root/etc/monitor" "$home/said" || fail "$(cat "$home/said")"
    [ "$(cd "$root" && find usr/local etc var ! -type d | sort | tr '\n' ' ')" = \
        "etc/monitor/.env var/lib/monitor/.env var/lib/monitor/smartlead_monitor.log " ] || fail "$(find "$root/etc" "$root/var")"
    DESTDIR=$root scripts/install.sh --uninstall >/dev/null
}

a_service_from_a_release() {
    local root="$home/root of a release"
    (cd / && DESTDIR=$root "$release/install.sh" --prefix "/opt/our apps & more/" >/dev/null)
    grep -qx 'ExecStart="/opt/our apps & more/bin/monitor"' "$root/etc/systemd/system/monitor.service"
    verify "$root"
}

the_files_are_nobody_elses() {
    local root="$home/root of settings"
    (umask 000 && DESTDIR=$root scripts/install.sh "$program" >/dev/null)
    [ "$(mode "$root/etc/monitor/.env") $(mode "$root/var/lib/monitor")" = "640 750" ] || fail "$(ls -lR "$root")"
    [ -z "$(find "$root" ! -type l -perm /022)" ] || fail "others may write to $(find "$root" ! -type l -perm /022)"
}

what_belongs_to_others_stays() {
    local root="$home/root of others"
    mkdir -p "$root/etc/systemd/system" "$root/opt/other/bin"
    echo "# theirs" >"$root/etc/systemd/system/monitor.service"
    printf '#!/bin/sh\necho other 1.0\n' >"$root/opt/other/bin/monitor"
    chmod +x "$root/opt/other/bin/monitor"
    export DESTDIR=$root
    refuses "belongs to another program" scripts/install.sh "$program"
    refuses "belongs to another program" scripts/install.sh --uninstall
    rm "$root/etc/systemd/system/monitor.service"
    refuses "is another program" scripts/install.sh --prefix /opt/other "$program"
    refuses "is another program" scripts/install.sh --prefix /opt/other --uninstall
    unset DESTDIR
    [ "$("$root/opt/other/bin/monitor")" = "other 1.0" ] || fail "it was replaced"
}

a_crontab_line() {
    local HOME="$home/a home & more" PATH="$home/bin:$PATH" line
    export HOME PATH
    mkdir -p "$HOME"
    "$release/install.sh" --cron >"$home/said"
    grep -q "Next:" "$home/said" || fail "does not say how to go on"
    [ "$(wc -l <"$CRONTAB")" = 1 ] || fail "$(cat "$CRONTAB")"

    # Beside lines of the user's own, and after the settings were filled in.
    printf 'MAILTO=me\n# monitor of mine\n5 * * * * other\n' >>"$CRONTAB"
    echo SLACK_CHANNEL_ID=nonsense >"$HOME/monitor/.env"
    "$release/install.sh" --cron >"$home/said"
    if grep -q "Next:" "$home/said"; then fail "takes the settings for new"; fi
    [ "$(wc -l <"$CRONTAB")" = 4 ] || fail "$(cat "$CRONTAB")"
    [ "$(cat "$HOME/monitor/.env")" = SLACK_CHANNEL_ID=nonsense ] || fail "the settings were overwritten"
    [ "$(mode "$HOME/monitor") $(mode "$HOME/monitor/.env")" = "700 600" ] || fail "$(ls -la "$HOME/monitor")"

    # The line does what cron would do with it: the program runs, and reads these settings.
    line=$(grep -F "$HOME/monitor" "$CRONTAB")
    [[ $line == "7 * * * * "*" -q # monitor, "* ]] || fail "$line"
    refuses "SLACK_CHANNEL_ID: is neither" env -i "HOME=$HOME" /bin/sh -c "${line#7 \* \* \* \* }"

    "$release/install.sh" --cron --uninstall >/dev/null
    [ "$(cat "$CRONTAB")" = $'MAILTO=me\n# monitor of mine\n5 * * * * other' ] || fail "$(cat "$CRONTAB")"
    [ "$(cd "$HOME" && find . -type f)" = ./monitor/.env ] || fail "$(find "$HOME")"
    "$release/install.sh" --cron --uninstall >/dev/null
}

a_crontab_that_cannot_be_read_is_not_replaced() {
    local HOME="$home/another home" PATH="$home/bin:$PATH"
    export HOME PATH CRONTAB_FAULT="must be privileged to use -l"
    mkdir -p "$HOME"
    echo precious >"$CRONTAB"
    refuses "must be privileged" "$release/install.sh" --cron
    [ "$(cat "$CRONTAB")" = precious ] || fail "it was replaced"
    [ ! -e "$HOME/monitor" ] || fail "half of it was installed"
}

refusals() {
    export DESTDIR="$home/root of refusals" CRONTAB_FAULT=
    refuses "there is no program" scripts/install.sh "$home/nothing"
    refuses "is not monitor" scripts/install.sh /bin/true
    # The head of a program for another processor.
    printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\363\377' >"$home/foreign"
    chmod +x "$home/foreign"
    refuses "does not run on this machine" scripts/install.sh "$home/foreign"
    refuses "must begin with /" scripts/install.sh --prefix here "$program"
    refuses "has a quote" scripts/install.sh --prefix "/opt/100%" "$program"
    refuses "cannot see /home/me" scripts/install.sh --prefix /home/me "$program"
    refuses "no option --frob" scripts/install.sh --frob
    refuses "--prefix needs a folder" scripts/install.sh --prefix
    refuses "one program is enough" scripts/install.sh a b
    refuses "DESTDIR is for packages" scripts/install.sh --cron "$program"
    [ ! -e "$DESTDIR" ] || fail "something was installed all the same"
    unset DESTDIR

    mkdir "$home/elsewhere"
    mv "$release/.env.example" "$home/elsewhere"
    DESTDIR="$home/root of refusals" refuses ".env.example is missing" "$release/install.sh"
    mv "$home/elsewhere/.env.example" "$release"

    local nobody=()
    if [ "$(id -u)" = 0 ]; then nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups); fi
    refuses "is installed by root" "${nobody[@]}" "$release/install.sh"
    ln -s "$(command -v dirname)" "$home/elsewhere"
    refuses "there is no crontab command" env "PATH=$home/elsewhere" /bin/sh "$release/install.sh" --cron
}

main "$@"
