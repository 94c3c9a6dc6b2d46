#!/bin/bash
# A complete private Gatehouse for the demo, the end-to-end tests and the benchmark: PostgreSQL, slapd
# with the sample company, CAs, templates, applications, users, and the gateway on loopback.
#
#   gateway.sh start DIR     create what DIR lacks, start what does not run, wait until /readyz says 200
#   gateway.sh stop DIR      stop the gateway, then its servers; state is kept
#   gateway.sh run DIR       start only the gateway (its servers run)
#   gateway.sh halt DIR      stop only the gateway
#   gateway.sh run2 DIR      start a second node on the same database: own signer, own ports
#   gateway.sh halt2 DIR     stop only the second node
#
# DIR/env receives shell variables: those of the demo contract and what tests need besides; DIR/env2 GATEHOUSE_URL,
# GATEHOUSE_HTTP_URL and GATEHOUSE_CONF of the second node.
#
# GATEHOUSE_PORT           port of the gateway; a kept one or a free one when not set
# GATEHOUSE_HTTP_PORT      port of plain HTTP; the same
# GATEHOUSE_KEY_ALG        key type of both CAs, P-256 when not set
# GATEHOUSE_KRA            key type of a KRA's keys: there is a KRA, initialised once; a kept one stays
# GATEHOUSE_KRA_OPTIONS    further options of its kra init
# GATEHOUSE_DIRECTORY_ENV  file with LDAP_* variables of a running directory to use instead of an own slapd
# GATEHOUSE_CONF_EXTRA     text appended to the configuration
# GATEHOUSE_PRELOAD        library that `gatehouse` and all it starts load first
# BUILD                    build directory, build/ when not set
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$here/free-port.sh"
action=${1:-} dir=${2:-}
build=${BUILD:-build}
[[ $build == /* ]] || build=$top/$build
gatehouse=$build/gatehouse
PATH=$PATH:/usr/sbin:/sbin
umask 077
node=                    # "" or "2": which node's files

fail()
{
	echo "gateway: $*" >&2
	exit 1
}

# --- state ---------------------------------------------------------------------------------------
# A directory without the mark was left half-made, by an interrupted run: begin anew.
discard_half_made()
{
	[ -e "$dir/complete" ] && return
	[ -z "$(ls -A "$dir" 2>/dev/null)" ] && return
	[ -e "$dir/begun" ] || fail "$dir is not empty and was not made by this script"
	stop_all
	rm -rf "${dir:?}"/{postgres,slapd,tls,run,signer,kra,import} "$dir"/{*.key,*.secret,*.password,*.conf,*.log,env*,port*,http_port*}
	rm -rf "$dir"/{run2,signer2,kra2}
}

random_text()
{
	openssl rand -hex "$1"
}

make_secrets()
{
	local f

	for f in gateway.secret signer.key; do
		[ -s "$dir/$f" ] || random_text 32 >"$dir/$f"
	done
	for f in app.key app.secret app2.key app2.secret admin.password officer.password \
	    auditor.password agent.password agent2.password; do
		[ -s "$dir/$f" ] || random_text 16 >"$dir/$f"
	done
}

# The certificate of https://localhost, from a CA of its own: what a company's web CA would be.
make_tls()
{
	[ -s "$dir/tls/server.crt" ] && return
	mkdir -p "$dir/tls"
	(
		cd "$dir/tls"
		printf '%s\n' 'basicConstraints=critical,CA:TRUE' 'keyUsage=critical,keyCertSign,cRLSign' \
		    'subjectKeyIdentifier=hash' >ca.ext
		printf '%s\n' 'basicConstraints=CA:FALSE' 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
		    'extendedKeyUsage=serverAuth' 'keyUsage=critical,digitalSignature' >server.ext
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		    -subj "/CN=Gatehouse demo web CA" -keyout ca.key -out ca.csr
		openssl x509 -req -in ca.csr -signkey ca.key -days 3650 -extfile ca.ext -out ca.crt
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" \
		    -keyout server.key -out server.csr
		openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 \
		    -extfile server.ext -out server.new
		mv server.new server.crt
	) >"$dir/tls.log" 2>&1 || fail "openssl failed, see $dir/tls.log"
}

# --- servers -------------------------------------------------------------------------------------
start_servers()
{
	"$here/postgres.sh" start "$dir/postgres"
	. "$dir/postgres/env"
	if [ -n "${GATEHOUSE_DIRECTORY_ENV:-}" ]; then
		. "$GATEHOUSE_DIRECTORY_ENV"
	else
		"$here/slapd.sh" start "$dir/slapd"
		. "$dir/slapd/env"
	fi
}

is_listening()
{
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# KIND ASKED [WISH]: a port that is asked for, kept, wished for and free, or free; kept from now on
choose_port()
{
	local file=$dir/$1$node p=$2

	[ -n "$p" ] || p=$(cat "$file" 2>/dev/null || true)
	[ -n "$p" ] || [ -z "${3:-}" ] || is_listening "$3" || p=$3
	[ -n "$p" ] || p=$(free_port)
	[[ $p =~ ^[0-9]+$ ]] && [ "$p" -ge 1 ] && [ "$p" -le 65535 ] || fail "$p is no port number"
	echo "$p" >"$file"
	echo "$p"
}

choose_ports()
{
	if [ -z "$node" ]; then
		port=$(choose_port port "${GATEHOUSE_PORT:-}")
		http_port=$(choose_port http_port "${GATEHOUSE_HTTP_PORT:-}" "${GATEHOUSE_HTTP_WISH:-}")
	else
		port=$(choose_port port "")
		http_port=$(choose_port http_port "")
	fi
}

# --- configuration -------------------------------------------------------------------------------
# A value for libconfuse in double quotes.
quoted()
{
	local v=${1//\\/\\\\}

	printf '"%s"' "${v//\"/\\\"}"
}

write_conf()
{
	mkdir -p "$dir/run$node" "$dir/signer$node"
	cat >"$dir/gatehouse$node.conf" <<-END
	gateway {
		listen = "127.0.0.1"
		port = $port
		http_port = $http_port
		workers = ${GATEHOUSE_WORKERS:-2}
		certificate = $(quoted "$dir/tls/server.crt")
		key = $(quoted "$dir/tls/server.key")
		run_dir = $(quoted "$dir/run$node")
		secret_file = $(quoted "$dir/gateway.secret")
		module = $(quoted "${GATEHOUSE_MODULE:-$build/gatehouse.so}")
	}
	database {
		conninfo = $(quoted "$PGCONNINFO")
	}
	signer {
		socket = $(quoted "$dir/signer$node/signer.sock")
		key_file = $(quoted "$dir/signer.key")
		program = $(quoted "$build/gatehouse-signer")
		# the whole interface of CA key passwords can be tried here; see docs/ca-key-passwords.md before you do so
		first_password_by_api = ${GATEHOUSE_FIRST_PASSWORD_BY_API:-true}
	}
	directory {
		type = $(quoted "${LDAP_TYPE:-openldap}")
		uris = $(quoted "$LDAP_URI")
		ca_file = $(quoted "$LDAP_CAFILE")
		bind_dn = $(quoted "$LDAP_BIND_DN")
		password_file = $(quoted "$LDAP_PASSWORD_FILE")
		base = $(quoted "$LDAP_BASE")
		netbios_domain = $(quoted "${LDAP_DOMAIN:-EXAMPLE}")
		realm = $(quoted "${LDAP_REALM:-}")
	}
	rest {
		application = "demo"
	}
	csr {
		application = "demo"
	}
	END
	write_kra_conf
	printf '%s\n' "${GATEHOUSE_CONF_EXTRA:-}" >>"$dir/gatehouse$node.conf"
}

# A KRA that is there stays, whoever starts it.
has_kra()
{
	[ -n "${GATEHOUSE_KRA:-}" ] || [ -e "$dir/kra.key" ]
}

write_kra_conf()
{
	has_kra || return 0
	mkdir -p "$dir/kra$node"
	cat >>"$dir/gatehouse$node.conf" <<-END
	kra {
		socket = $(quoted "$dir/kra$node/kra.sock")
		key_file = $(quoted "$dir/kra.key")
	}
	END
}

# The command, and what it starts, with the library that they load first.
preloaded()
{
	LD_PRELOAD=${GATEHOUSE_PRELOAD:-}${GATEHOUSE_PRELOAD:+${LD_PRELOAD:+:}}${LD_PRELOAD:-} exec "$@"
}

# --- content -------------------------------------------------------------------------------------
administer()
{
	(preloaded "$gatehouse" "$@" -c "$dir/gatehouse.conf") >>"$dir/setup.log" 2>&1 </dev/null ||
	    { tail -n 5 "$dir/setup.log" >&2; fail "gatehouse $1 ${2:-} failed, see $dir/setup.log"; }
}

fill()
{
	local t templates=()

	administer init --key-alg "${GATEHOUSE_KEY_ALG:-P-256}" --templates "$top/conf/templates" \
	    --admin admin --admin-password-file "$dir/admin.password" \
	    --base-url "http://localhost:$http_port"
	administer user create olga --role officer --password-file "$dir/officer.password"
	while read -r t; do
		templates+=(--template "$t")
	done < <(template_names "$top"/conf/templates/*.json)
	administer user create otto --role auditor --password-file "$dir/auditor.password"
	administer metadata set "$here/metadata.json"
	administer app create demo --ca issuing "${templates[@]}" --key-file "$dir/app.key" \
	    --secret-file "$dir/app.secret"
	administer app create other --ca issuing --template User --key-file "$dir/app2.key" \
	    --secret-file "$dir/app2.secret"
}

# Once; a state from before there was a KRA gets its keys now.
make_kra()
{
	local keys

	has_kra || return 0
	keys=$("$gatehouse" kra show --json -c "$dir/gatehouse.conf" 2>>"$dir/setup.log") || fail "gatehouse kra show failed"
	[ "$keys" = "[]" ] || return 0
	# shellcheck disable=SC2086 # options are words
	administer kra init --ca issuing --key-alg "${GATEHOUSE_KRA:-P-256}" ${GATEHOUSE_KRA_OPTIONS:-}
	administer user create anna --role agent --password-file "$dir/agent.password"
	administer user create bert --role agent --password-file "$dir/agent2.password"
}

# The name members of template files.
template_names()
{
	python3 -c 'import json, sys; [print(json.load(open(f))["name"]) for f in sys.argv[1:]]' "$@"
}

base64_of()
{
	printf %s "$(cat "$1")" | base64 -w 0
}

write_env()
{
	# A value in single quotes for the shell; none of ours holds one.
	cat >"$dir/env" <<-END
	GATEHOUSE_URL='https://localhost:$port'
	GATEHOUSE_HTTP_URL='http://localhost:$http_port'
	GATEHOUSE_CAFILE='$dir/tls/ca.crt'
	GATEHOUSE_APP_KEY='$(base64_of "$dir/app.key")'
	GATEHOUSE_APP_SECRET='$(cat "$dir/app.secret")'
	GATEHOUSE_USER='${LDAP_USER:-alice}'
	GATEHOUSE_PASSWORD='$LDAP_PASSWORD'
	GATEHOUSE_TEMPLATE='User'
	GATEHOUSE_DB='$PGCONNINFO'
	GATEHOUSE_LDAP_URI='$LDAP_URI'
	GATEHOUSE_ADMIN_USER='admin'
	GATEHOUSE_ADMIN_PASSWORD='$(cat "$dir/admin.password")'
	GATEHOUSE_OFFICER_USER='olga'
	GATEHOUSE_OFFICER_PASSWORD='$(cat "$dir/officer.password")'
	GATEHOUSE_AUDITOR_USER='otto'
	GATEHOUSE_AUDITOR_PASSWORD='$(cat "$dir/auditor.password")'
	GATEHOUSE_AGENT_USER='anna'
	GATEHOUSE_AGENT_PASSWORD='$(cat "$dir/agent.password")'
	GATEHOUSE_AGENT2_USER='bert'
	GATEHOUSE_AGENT2_PASSWORD='$(cat "$dir/agent2.password")'
	GATEHOUSE_CONF='$dir/gatehouse.conf'
	GATEHOUSE_APP='demo'
	GATEHOUSE_APP2='other'
	GATEHOUSE_APP2_KEY='$(base64_of "$dir/app2.key")'
	GATEHOUSE_APP2_SECRET='$(cat "$dir/app2.secret")'
	END
}

# --- the gateway ---------------------------------------------------------------------------------
gateway_pid()
{
	local pid

	pid=$(cat "$dir/gateway$node.pid" 2>/dev/null) || return 1
	[ -n "$pid" ] && [ "$(readlink "/proc/$pid/exe" 2>/dev/null | sed 's/ (deleted)$//')" = \
	    "$(readlink -f "$gatehouse")" ] &&
	    tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -- "$dir/gatehouse$node.conf" || return 1
	echo "$pid"
}

ready()
{
	curl -sS -o "$dir/readyz$node" -w '%{http_code}' --max-time 3 --noproxy '*' \
	    --cacert "$dir/tls/ca.crt" "https://localhost:$port/readyz" 2>/dev/null
}

run_gateway()
{
	local pid

	choose_ports
	if gateway_pid >/dev/null; then
		return
	fi
	! is_listening "$port" ||
	    fail "port $port of 127.0.0.1 is in use; choose another one with GATEHOUSE_PORT"
	[ ! -e "$dir/gateway$node.log" ] || mv "$dir/gateway$node.log" "$dir/gateway$node.log.1"
	preloaded setsid "$gatehouse" run -c "$dir/gatehouse$node.conf" >"$dir/gateway$node.log" 2>&1 </dev/null 9>&- &
	pid=$!
	echo "$pid" >"$dir/gateway$node.pid"
	for _ in $(seq 1200); do
		[ "$(ready)" != 200 ] || return 0
		kill -0 "$pid" 2>/dev/null ||
		    { tail -n 10 "$dir/gateway$node.log" >&2; fail "the gateway ended, see $dir/gateway$node.log"; }
		sleep 0.1
	done
	tail -n 10 "$dir/gateway$node.log" >&2
	halt_gateway
	fail "the gateway is not ready after two minutes: $(cat "$dir/readyz$node" 2>/dev/null)"
}

halt_gateway()
{
	local pid

	pid=$(gateway_pid) || { rm -f "$dir/gateway$node.pid"; return 0; }
	kill -TERM "$pid"
	for _ in $(seq 1200); do
		gateway_pid >/dev/null || { rm -f "$dir/gateway$node.pid"; return 0; }
		sleep 0.05
	done
	echo "gateway: no end 60 s after SIGTERM, killing it" >&2
	kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid"
	rm -f "$dir/gateway$node.pid"
	return 1
}

# The first node's configuration with what must be its own.
write_second_conf()
{
	. "$dir/postgres/env"
	if [ -n "${GATEHOUSE_DIRECTORY_ENV:-}" ]; then
		. "$GATEHOUSE_DIRECTORY_ENV"
	else
		. "$dir/slapd/env"
	fi
	choose_ports
	write_conf
	cat >"$dir/env2" <<-END
	GATEHOUSE_URL='https://localhost:$port'
	GATEHOUSE_HTTP_URL='http://localhost:$http_port'
	GATEHOUSE_CONF='$dir/gatehouse2.conf'
	END
}

stop_all()
{
	local rc=0 node

	for node in "" 2; do
		halt_gateway || rc=1
	done
	[ ! -d "$dir/slapd" ] || "$here/slapd.sh" stop "$dir/slapd" || rc=1
	[ ! -d "$dir/postgres" ] || "$here/postgres.sh" stop "$dir/postgres" || rc=1
	return "$rc"
}

start_all()
{
	mkdir -p "$dir"
	dir=$(cd "$dir" && pwd -P)
	discard_half_made
	touch "$dir/begun"
	for f in gatehouse gatehouse-signer gatehouse.so; do
		[ -e "$build/$f" ] || fail "$build/$f is not there: run make first"
	done
	choose_ports
	make_secrets
	make_tls
	start_servers
	write_conf
	if [ -e "$dir/complete" ]; then
		administer db migrate --yes # the state may be that of an older version
	else
		fill
	fi
	make_kra
	write_env
	touch "$dir/complete"
	run_gateway
}

[ -n "$dir" ] || fail "usage: gateway.sh start|stop|run|halt|run2|halt2 DIR"
case $action in
start) start_all ;;
stop | run | halt | run2 | halt2)
	[ -d "$dir" ] || fail "no such folder: $dir"
	dir=$(cd "$dir" && pwd -P)
	case $action in
	stop) stop_all ;;
	run) run_gateway ;;
	halt) halt_gateway ;;
	run2)
		node=2
		write_second_conf
		run_gateway
		;;
	halt2)
		node=2
		halt_gateway
		;;
	esac
	;;
*) fail "unknown action '$action'" ;;
esac
