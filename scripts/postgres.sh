# A throwaway PostgreSQL with TLS, and a pooler before it, for the scripts that test and measure.
# shellcheck shell=bash

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

# Prints a port to try.
some_port() {
    echo $((20000 + RANDOM % 12000))
}

# Makes a certificate authority and a certificate of the server's, in this folder.
certify() {
    command -v openssl >/dev/null || apt_install openssl
    local key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
    {
        openssl req -x509 "${key[@]}" -days 30 -subj "/CN=throwaway authority" -keyout ca.key -out ca.pem
        openssl req -new "${key[@]}" -subj "/CN=throwaway server" -keyout server.key -out server.csr
        printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\n' >server.ext
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
            -extfile server.ext -out server.pem
    } 2>openssl.log || { cat openssl.log >&2; return 1; }
    # The server takes only a key that is its user's alone.
    chmod 600 server.key
    if [ "$(id -u)" = 0 ]; then chown postgres server.key; fi
}

# Starts a server on a free port, with these settings (name=value) beside the usual ones. It and its
# folder are gone when the script ends.
start_postgres() {
    local setting settings=()
    for setting; do settings+=(-c "$setting"); done
    bin=$(postgres_bin) || { apt_install postgresql; bin=$(postgres_bin); }
    home=$(mktemp -d)
    trap stop EXIT
    # The server refuses to run as root.
    as_server=()
    if [ "$(id -u)" = 0 ]; then
        chown postgres "$home"
        as_server=(runuser -u postgres --)
    fi
    password=throwaway-$RANDOM$RANDOM
    (
        cd "$home" || exit
        printf '%s' "$password" >password
        chmod a+r password
        certify
        "${as_server[@]}" "$bin/initdb" -D "$home/data" -U postgres -E UTF8 --no-locale \
            --auth=scram-sha-256 --pwfile="$home/password" >"$home/initdb.log"
        local try
        for try in 1 2 3 4 5 6 7 8 9 10; do
            port=$(some_port)
            if "${as_server[@]}" "$bin/pg_ctl" -D "$home/data" -l "$home/log" -w -t 60 start >/dev/null -o \
                "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$home \
                 -c ssl=on -c ssl_cert_file=$home/server.pem -c ssl_key_file=$home/server.key \
                 ${settings[*]}"; then
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

# A PgBouncer as it comes, but for the mode, which is the one that breaks programs.
start_pooler() {
    # Where Debian has it, and not everybody looks.
    PATH=$PATH:/usr/sbin
    command -v pgbouncer >/dev/null || apt_install pgbouncer
    printf '"postgres" "%s"\n' "$password" >"$home/users"
    chmod a+r "$home/users"
    local try
    for try in 1 2 3 4 5 6 7 8 9 10; do
        pooler_port=$(some_port)
        # 100 clients are too few for eight runs in each of the tests that go at once on a machine
        # with many processors. The tests ask it what it still has to do, which `stats_users` may.
        cat >"$home/pooler.ini" <<END
[databases]
* = host=127.0.0.1 port=$port
[pgbouncer]
pool_mode = transaction
listen_addr = 127.0.0.1
listen_port = $pooler_port
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $home/users
pidfile = $home/pooler.pid
max_client_conn = 1000
stats_users = postgres
END
        chmod a+r "$home/pooler.ini"
        : >"$home/pooler.log"
        (
            cd "$home" || exit
            ulimit -n "$(ulimit -Hn)"
            exec "${as_server[@]}" pgbouncer pooler.ini >pooler.log 2>&1
        ) &
        if grep -q "process up" < <(tail -n +1 -F --pid=$! "$home/pooler.log" 2>/dev/null); then
            echo "== PgBouncer on port $pooler_port"
            return
        fi
        echo "port $pooler_port is not to be had (try $try)"
    done
    cat "$home/pooler.log"
    exit 1
}

stop() {
    if [ -f "$home/pooler.pid" ]; then
        kill "$(cat "$home/pooler.pid")" || true
    fi
    (cd / && "${as_server[@]}" "$bin/pg_ctl" -D "$home/data" -m immediate -w stop >/dev/null 2>&1) || true
    rm -rf "$home"
}
