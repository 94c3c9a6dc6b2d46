#!/bin/sh
# A private PostgreSQL cluster for demo and tests: unix socket only, no TCP.
#
#   postgres.sh start DIR     create the cluster if DIR has none, start it, wait until it answers, write DIR/env
#   postgres.sh stop DIR      fast shutdown
#   postgres.sh restart DIR   stop and start, same socket
#   postgres.sh kill DIR      SIGKILL to all its processes, as a power cut would
#   postgres.sh freeze DIR    SIGSTOP to all of them, until they have stopped: a server that accepts and never answers
#   postgres.sh thaw DIR      SIGCONT
#
# DIR/env assigns PGCONNINFO (role and database gatehouse) and PGSOCKETDIR. `start` on a running cluster
# does nothing but rewrite it; stop, kill and start keep data and socket path.
#
# Access: pg_hba says `trust` for the socket and nothing else exists. What protects it is the directory of
# the socket, which only its owner and one group can enter: PGSOCKET_GROUP, else the group of the user
# who called sudo, else our own.
#
# PREPARED_CLUSTER: DIR of a cluster that was started once and stopped. A new cluster is a copy of it, in half the time.
#
# PostgreSQL refuses to run as root, so root runs it as the system user postgres. Where that user cannot
# reach DIR (/root and the like), the server keeps CAP_DAC_OVERRIDE instead of the folders above being opened.
set -eu

. "$(dirname "$0")/stop-signal.sh"

die() { echo "postgres.sh: $*" >&2; exit 1; }

[ $# -eq 2 ] || die "usage: postgres.sh start|stop|restart|kill|freeze|thaw DIR"
verb=$1
dir=$2

bindir=$(pg_config --bindir 2>/dev/null) || die "pg_config not found (package libpq-dev)"
if [ ! -x "$bindir/postgres" ]; then
	# pg_config of libpq-dev may be newer than the server: take the newest server there is.
	bindir=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
	[ -x "$bindir/postgres" ] || die "no PostgreSQL server (package postgresql)"
fi

# --- which user, and how to become it -------------------------------------------------------------
user=$(id -un)
wrap=
if [ "$(id -u)" -eq 0 ]; then
	user=postgres
	id postgres >/dev/null 2>&1 || die "no system user postgres (package postgresql)"
fi

# Run a command as the user of the cluster; exec_as_user replaces this shell by it.
as_user() {
	( exec_as_user "$@" )
}

exec_as_user() {
	if [ "$(id -u)" -ne 0 ]; then
		exec "$@"
	else
		# shellcheck disable=SC2086 # $wrap is a list of options
		exec setpriv --reuid postgres --regid postgres --init-groups $wrap -- \
		    env HOME=/ USER=postgres LOGNAME=postgres "$@"
	fi
}

choose_wrap() {
	[ "$(id -u)" -eq 0 ] || return 0
	# Not test -x: access(2) leaves capabilities out.
	as_user ls "$dir/" >/dev/null 2>&1 && return 0
	wrap="--inh-caps +dac_override --ambient-caps +dac_override"
	as_user ls "$dir/" >/dev/null 2>&1 ||
	    die "user postgres cannot reach $dir, and CAP_DAC_OVERRIDE cannot be given here: choose another folder"
}

# --- processes ------------------------------------------------------------------------------------
# Pid of the running postmaster of this DIR; fails when there is none. A pid file may be left by a kill and the
# number be in use by another program, so the process must be a postgres in our data directory.
postmaster() {
	pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 1
	[ -n "$pid" ] || return 1
	[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = postgres ] || return 1
	tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -e "$data" || return 1
	echo "$pid"
}

# Postmaster and its children.
processes() {
	pid=$(postmaster) || return 1
	echo "$pid"
	cat /proc/"$pid"/task/*/children 2>/dev/null | tr ' ' '\n' | sed '/^$/d'
}

signal_all() {
	pids=$(processes) || return 0
	# shellcheck disable=SC2086 # a list
	[ "$1" != STOP ] || { stop_processes $pids; return 0; }
	# The postmaster goes first: it must not replace a child that ends.
	for p in $pids; do kill "-$1" "$p" 2>/dev/null || :; done
	[ "$1" = KILL ] || return 0
	for p in $pids; do
		while [ -d "/proc/$p" ] && ! grep -q '^State:.*Z' "/proc/$p/status" 2>/dev/null; do sleep 0.02; done
	done
	# Where process 1 does not reap, a zombie keeps the pid, and the server would take it for alive.
	rm -f "$data/postmaster.pid" "$(cat "$dir/socketdir" 2>/dev/null || echo "$dir/socket")/.s.PGSQL.5432.lock"
}

# --- socket directory -----------------------------------------------------------------------------
# sockaddr_un holds 107 bytes and a conninfo needs quoting for odd characters: where DIR is too long or too odd
# the socket lives in a directory of its own under /tmp, whose name is kept in DIR/socketdir.
socket_dir() {
	sock=$dir/socket
	recorded=$(cat "$dir/socketdir" 2>/dev/null || :)
	if [ -n "$recorded" ]; then
		sock=$recorded
		# Gone after stop or reboot: the same name again if it is still free, else a new one.
		[ -d "$sock" ] && [ -O "$sock" -o "$(stat -c %U "$sock")" = "$user" ] && return 0
		mkdir -m 700 "$sock" 2>/dev/null && return 0
		sock=$(mktemp -d /tmp/ghpg.XXXXXX)
	elif [ ${#dir} -gt 80 ] || printf %s "$dir" | grep -q '[^A-Za-z0-9/._-]'; then
		sock=$(mktemp -d /tmp/ghpg.XXXXXX)
	else
		mkdir -p "$sock"
	fi
	[ "$sock" = "$dir/socket" ] || echo "$sock" >"$dir/socketdir"
}

socket_access() {
	if [ "$(id -u)" -eq 0 ]; then
		# setgid: the socket, made by user postgres, gets the group of the directory.
		chown "postgres:${PGSOCKET_GROUP:-${SUDO_GID:-0}}" "$sock"
		chmod 2750 "$sock"
	else
		chmod 700 "$sock"
	fi
}

# --- verbs ----------------------------------------------------------------------------------------
make_cluster() {
	[ -s "$data/PG_VERSION" ] && [ -e "$dir/ready" ] && return 0
	rm -rf "$data"
	mkdir -m 700 "$data"
	if [ -n "${PREPARED_CLUSTER:-}" ]; then
		cp -R "$PREPARED_CLUSTER/data/." "$data"
		[ "$(id -u)" -ne 0 ] || chown -R postgres: "$data"
		touch "$dir/ready"
		return 0
	fi
	[ "$(id -u)" -ne 0 ] || chown postgres: "$data"
	# Not waiting for the disk: a cluster that is half on it after a power cut is no loss here. Commits do wait.
	as_user "$bindir/initdb" --no-sync -D "$data" -U postgres -E UTF8 --locale=C.UTF-8 --auth=trust \
	    >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; die "initdb failed"; }
	echo "local all all trust" >"$data/pg_hba.conf"
	cat >>"$data/postgresql.conf" <<-CONF
		listen_addresses = ''
		unix_socket_permissions = 0770
		password_encryption = scram-sha-256
		log_line_prefix = '%m [%p] %q%u@%d '
		log_timezone = UTC
		timezone = UTC
	CONF
}

is_ready() {
	"$bindir/pg_isready" -q -h "$sock" -p 5432 -t 1
}

launch() {
	rm -f "$dir/log.old"
	[ ! -e "$dir/log" ] || mv "$dir/log" "$dir/log.old"
	# setsid: not ended by a ^C meant for the caller. exec and 9>&-: nothing of us stays and holds the lock.
	(
		exec </dev/null >"$dir/log" 2>&1 9>&-
		exec_as_user setsid "$bindir/postgres" -D "$data" -k "$sock" -p 5432
	) &
	child=$!
	while ! is_ready; do
		kill -0 "$child" 2>/dev/null || { cat "$dir/log" >&2; die "server did not start"; }
		sleep 0.05
	done
}

make_database() {
	[ -e "$dir/ready" ] && return 0
	psql="$bindir/psql -X -q -v ON_ERROR_STOP=1 -h $sock -p 5432 -U postgres -d postgres"
	$psql -c "CREATE ROLE gatehouse LOGIN" -c "CREATE DATABASE gatehouse OWNER gatehouse" >&2 ||
	    die "cannot create the database"
	touch "$dir/ready"
}

write_env() {
	{
		echo "PGCONNINFO=\"host=$sock port=5432 dbname=gatehouse user=gatehouse\""
		echo "PGSOCKETDIR=\"$sock\""
	} >"$dir/env.new"
	mv "$dir/env.new" "$dir/env"
}

start() {
	socket_dir
	if ! postmaster >/dev/null; then
		socket_access
		make_cluster
		launch
	else
		while ! is_ready; do
			postmaster >/dev/null || die "server ended while starting; see $dir/log"
			sleep 0.05
		done
	fi
	make_database
	write_env
}

stop() {
	if pid=$(postmaster); then
		kill -CONT "$pid"
		kill -INT "$pid"                # fast shutdown
		# PostgreSQL 15 that gets it while it recovers from the death of a backend waits for its checkpointer for
		# ever: then the immediate one, which loses nothing either.
		for i in $(seq 1200); do
			postmaster >/dev/null || break
			[ "$i" != 200 ] || kill -QUIT "$pid" 2>/dev/null || :
			sleep 0.05
		done
		! postmaster >/dev/null || die "no end 60 s after the signals to $pid; see $dir/log"
	fi
	recorded=$(cat "$dir/socketdir" 2>/dev/null || :)
	[ -z "$recorded" ] || rmdir "$recorded" 2>/dev/null || :
}

[ "$verb" != start ] || mkdir -p "$dir"
[ -d "$dir" ] || die "no such folder: $dir"
dir=$(cd "$dir" && pwd -P)
data=$dir/data
cd /
exec 9>"$dir/lock"
flock 9
choose_wrap

case $verb in
start) start ;;
stop) stop ;;
restart) stop; start ;;
kill) signal_all KILL ;;
freeze) signal_all STOP ;;
thaw) signal_all CONT ;;
*) die "unknown verb: $verb" ;;
esac
