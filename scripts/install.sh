#!/bin/sh
# Installs monitor on Linux, from a checkout or from an unpacked release. It may be run again: it
# replaces the program and its schedule, and leaves settings and data as they are.
set -eu
umask 022

usage() {
    cat <<'END_OF_USAGE'
Usage: install.sh [--cron] [--prefix DIR] [--uninstall] [BINARY]

Installs monitor, and has it check once an hour.

  BINARY        the program; if absent, `monitor` beside this script, or target/release/monitor
  --cron        with a line in your crontab: it runs as you, and keeps its files in ~/monitor
                (without: as a systemd service with a user of its own, which needs root)
  --prefix DIR  put the program into DIR/bin (default: /usr/local, and ~/.local with --cron)
  --uninstall   remove the program and its schedule; keep settings and data
  --help        show this

For packages: with DESTDIR in the environment everything goes below that folder, and users,
owners and systemd are left alone.
END_OF_USAGE
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=${DESTDIR:-}
binary=
prefix=
cron=no
uninstall=no
temp=

# Where the service looks; the unit says the same.
settings=/etc/monitor
data=/var/lib/monitor
units=/etc/systemd/system

# In every unit and every crontab line of ours, and in nobody else's.
unit_mark='install.sh replaces this file'
cron_mark='# monitor, by install.sh'

main() {
    read_arguments "$@"
    trap 'rm -f "$temp"' EXIT
    case $cron-$uninstall in
    no-no) install_service ;;
    no-yes) uninstall_service ;;
    yes-no) install_cron ;;
    yes-yes) uninstall_cron ;;
    esac
}

# --- Arguments and refusals -----------------------------------------------------------------------

refuse() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

read_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
        --cron) cron=yes ;;
        --uninstall) uninstall=yes ;;
        --prefix)
            [ $# -gt 1 ] || refuse "--prefix needs a folder"
            prefix=$2
            shift
            ;;
        --help | -h)
            usage
            exit 0
            ;;
        -*)
            usage >&2
            refuse "there is no option $1"
            ;;
        *)
            [ -z "$binary" ] || refuse "one program is enough: $binary or $1"
            binary=$1
            ;;
        esac
        shift
    done
    if [ "$cron" = yes ]; then
        [ -n "${HOME:-}" ] || refuse "HOME is not set; --cron keeps its files in your home folder"
        plain "$HOME"
        : "${prefix:=$HOME/.local}"
    fi
    : "${prefix:=/usr/local}"
    plain "$prefix"
    prefix=${prefix%/}
    program=$prefix/bin/monitor
}

# Paths go into a unit or a crontab, each of which has signs of its own.
plain() {
    case $1 in
    *[\'\"\\%\$\`]* | *'
'*) refuse "the folder $1 has a quote, \\, %, \$ or line break in its name; choose another" ;;
    /*) ;;
    *) refuse "the folder $1 must begin with /" ;;
    esac
}

# Finds the program and the example of its settings, and proves that it runs here.
find_program() {
    if [ -z "$binary" ]; then
        for binary in "$here/monitor" "$here/../target/release/monitor"; do
            [ ! -f "$binary" ] || break
        done
    fi
    [ -f "$binary" ] || refuse "there is no program at $binary. Name it, unpack the whole release, or build it: cargo build --release"
    # A path without a slash would be looked up in PATH.
    case $binary in
    */*) ;;
    *) binary=./$binary ;;
    esac
    version=$("$binary" --version 2>&1) ||
        refuse "$binary does not run on this machine, which is a $(uname -m): $version. Take the release for this processor; if it is not executable, run: chmod +x $binary"
    is_monitor "$version" || refuse "$binary is not monitor; it calls itself $version"
    if [ -e "$root$program" ] && ! is_monitor "$("$root$program" --version 2>/dev/null)"; then
        refuse "$root$program is another program; choose another --prefix"
    fi

    for example in "$here/.env.example" "$here/../.env.example"; do
        [ ! -f "$example" ] || return 0
    done
    refuse ".env.example is missing beside this script; unpack the whole release"
}

is_monitor() {
    case $1 in
    "monitor "[0-9]*) ;;
    *) return 1 ;;
    esac
}

# --- Files ----------------------------------------------------------------------------------------

# put MODE OWNER FROM TO: replaces a file in one step, so that a check that starts in this moment
# finds the old one or the new one. OWNER may be empty.
put() {
    temp=$(mktemp "$4.XXXXXX")
    cat <"$3" >"$temp"
    [ -z "$2" ] || chown "$2" "$temp"
    chmod "$1" "$temp"
    mv -f "$temp" "$4"
    temp=
}

put_program() {
    mkdir -p "$root$prefix/bin"
    put 755 "" "$binary" "$root$program"
}

# put_settings MODE OWNER FILE: never changes what is in it. An editor may have left it readable to
# all, so its rights are set in any case.
put_settings() {
    if [ ! -e "$3" ]; then
        put "$1" "$2" "$example" "$3"
        return
    fi
    [ -z "$2" ] || chown "$2" "$3"
    chmod "$1" "$3"
}

remove_program() {
    if [ ! -e "$root$program" ]; then
        echo "There is no $root$program. If it was installed with --prefix, say so again."
        return
    fi
    is_monitor "$("$root$program" --version 2>/dev/null)" ||
        refuse "$root$program is another program; it stays"
    rm -f "$root$program"
}

# A path as a shell reads it.
quoted() {
    case $1 in
    *[!A-Za-z0-9_./-]*) printf "'%s'" "$1" ;;
    *) printf '%s' "$1" ;;
    esac
}

# say_next SETTINGS EDIT RUN: how to go on, unless the settings have been filled in already.
say_next() {
    cmp -s "$example" "$1" || return 0
    cat <<END_OF_WORDS

Next:
  1. Fill in the settings:  $2
  2. See that all is well:  $3 doctor
  3. Begin:                 $3 --first-run
END_OF_WORDS
}

# Says which of these are still there.
say_kept() {
    for kept in "$@"; do
        [ ! -e "$kept" ] || echo "Kept: $kept"
    done
}

# --- systemd --------------------------------------------------------------------------------------

check_service() {
    if [ -z "$root" ]; then
        [ "$(id -u)" = 0 ] || refuse "a service is installed by root: sudo $0. For you alone, without root: $0 --cron"
        [ -d /run/systemd/system ] || refuse "systemd does not run on this machine; use cron: $0 --cron"
    fi
    for unit in monitor.service monitor.timer; do
        if [ -e "$root$units/$unit" ] && ! grep -q "$unit_mark" "$root$units/$unit"; then
            refuse "$root$units/$unit belongs to another program; use cron: $0 --cron"
        fi
    done
}

install_service() {
    check_service
    case $prefix/ in
    /home/* | /root/* | /run/user/* | /tmp/* | /var/tmp/*) refuse "the service cannot see $prefix; choose another --prefix" ;;
    esac
    for unit in monitor.service monitor.timer; do
        [ -f "$here/systemd/$unit" ] || refuse "systemd/$unit is missing beside this script; unpack the whole release"
    done
    find_program

    owner=
    if [ -z "$root" ]; then
        add_user
        owner=root:monitor
    fi
    put_program
    mkdir -p "$root$settings" "$root$data" "$root$units"
    [ -n "$root" ] || chown monitor:monitor "$data"
    chmod 750 "$root$data"
    put_settings 640 "$owner" "$root$settings/.env"
    link_settings
    put 644 "" "$here/systemd/monitor.timer" "$root$units/monitor.timer"
    put_unit
    if [ -n "$root" ]; then
        echo "$version is below $root. Left to the package: the user monitor, the owners of the files, systemctl."
        return
    fi
    systemctl daemon-reload
    systemctl enable --now monitor.timer

    cat <<END_OF_WORDS
$version is installed, and systemd has it check once an hour.

  program   $program
  settings  $settings/.env
  files     $data
  log       journalctl -u monitor
END_OF_WORDS
    say_next "$settings/.env" "sudoedit $settings/.env" \
        "sudo -u monitor env -C $data $(quoted "$program")"
}

add_user() {
    getent group monitor >/dev/null || groupadd --system monitor
    id -u monitor >/dev/null 2>&1 ||
        useradd --system --gid monitor --home-dir "$data" --no-create-home --shell /usr/sbin/nologin monitor
}

# monitor reads .env from the folder it runs in.
link_settings() {
    link=$root$data/.env
    if [ ! -e "$link" ] && [ ! -L "$link" ]; then
        ln -s "$settings/.env" "$link"
    elif [ "$(readlink "$link")" != "$settings/.env" ]; then
        echo "$link is not the link to $settings/.env that it should be. It stays, and is what monitor reads."
    fi
}

put_unit() {
    unit=$root$units/monitor.service
    line=$(printf '%s' "ExecStart=\"$program\"" | sed 's/[&|]/\\&/g')
    edited=$(sed "s|^ExecStart=.*|$line|" "$here/systemd/monitor.service")
    temp=$(mktemp "$unit.XXXXXX")
    printf '%s\n' "$edited" >"$temp"
    chmod 644 "$temp"
    mv -f "$temp" "$unit"
    temp=
}

uninstall_service() {
    check_service
    if [ -z "$root" ]; then
        if [ -e "$units/monitor.timer" ]; then
            systemctl disable --now monitor.timer
            rm -f /var/lib/systemd/timers/stamp-monitor.timer
        fi
        if [ -e "$units/monitor.service" ]; then
            systemctl stop monitor.service
            # Or a check that failed would be shown for ever.
            systemctl reset-failed monitor.service 2>/dev/null || true
        fi
    fi
    rm -f "$root$units/monitor.timer" "$root$units/monitor.service"
    [ -n "$root" ] || systemctl daemon-reload
    remove_program
    echo "monitor is removed."
    say_kept "$root$settings" "$root$data" "$root$units/monitor.service.d" "$root$units/monitor.timer.d"
}

# --- cron -----------------------------------------------------------------------------------------

check_cron() {
    [ -z "$root" ] || refuse "DESTDIR is for packages, and --cron is for you; use one of them"
    command -v crontab >/dev/null || refuse "there is no crontab command; install cron (Debian: apt-get install cron)"
}

install_cron() {
    check_cron
    find_program
    folder=$HOME/monitor
    read_crontab
    put_program
    mkdir -p "$folder"
    chmod 700 "$folder"
    put_settings 600 "" "$folder/.env"
    write_crontab "7 * * * * cd $(quoted "$folder") && $(quoted "$program") -q $cron_mark"

    cat <<END_OF_WORDS
$version is installed, and cron has it check at 7 minutes past each hour.

  program   $program
  settings  $folder/.env
  files     $folder
END_OF_WORDS
    say_next "$folder/.env" "\${EDITOR:-vi} $(quoted "$folder/.env")" \
        "cd $(quoted "$folder") && $(quoted "$program")"
}

uninstall_cron() {
    check_cron
    read_crontab
    write_crontab
    remove_program
    echo "monitor is removed, and so is its line in your crontab."
    say_kept "$HOME/monitor"
}

# Reads the lines that are not ours. Only an empty crontab counts as empty: the next step replaces it.
read_crontab() {
    if others=$(crontab -l 2>/dev/null); then
        others=$(printf '%s\n' "$others" | grep -vF "$cron_mark") || true
        return
    fi
    others=
    why=$(LC_ALL=C crontab -l 2>&1 >/dev/null) || true
    case $why in
    *"no crontab for"* | *"No such file or directory"*) ;;
    *) refuse "your crontab cannot be read: $why" ;;
    esac
}

# write_crontab [LINE]
write_crontab() {
    {
        [ -z "$others" ] || printf '%s\n' "$others"
        [ $# = 0 ] || printf '%s\n' "$1"
    } | crontab -
}

main "$@"
