#!/bin/bash
# A private slapd with the sample company, for tests and for `make demo`.
#
#   slapd.sh start DIR [PORT]    LDAPS on 127.0.0.1:PORT (a free port when none is given or kept)
#   slapd.sh stop|kill DIR       SIGTERM, SIGKILL; both wait for the end
#   slapd.sh pause|resume DIR    SIGSTOP (returns when it has stopped), SIGCONT
#
# The URIs name 127.0.0.1, since libldap checks the certificate of "localhost" against the host's name.
#
# DIR/env holds what a client needs. A second start keeps data, certificates and ports. Runs as the
# invoking user.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/free-port.sh"
. "$here/stop-signal.sh"
PATH=$PATH:/usr/sbin:/sbin
unset LDAPNOINIT # a caller that uses libldap may have set it
action=${1:-} dir=${2:-} port=${3:-}
base=dc=example,dc=test

fail() { echo "slapd.sh: $*" >&2; exit 1; }

is_running() {
	local pid
	pid=$(cat "$dir/pid" 2>/dev/null) || return 1
	[ -n "$pid" ] && [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" = "$(readlink -f "$(command -v slapd)")" ]
}

make_certificates() {
	[ -s "$dir/server.crt" ] && return
	(
		cd "$dir"
		umask 077
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
		    -subj "/CN=Test directory CA" -keyout ca.key -out ca.crt
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" \
		    -keyout server.key -out server.csr
		printf '%s\n' 'basicConstraints=CA:FALSE' "subjectAltName=DNS:localhost,DNS:$(hostname),IP:127.0.0.1" \
		    'extendedKeyUsage=serverAuth' >server.ext
		openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 \
		    -extfile server.ext -out server.crt
	) >"$dir/openssl.log" 2>&1 || fail "openssl failed, see $dir/openssl.log"
	chmod 644 "$dir/ca.crt"
}

write_conf() {
	cat >"$dir/slapd.conf" <<-END
	include /etc/ldap/schema/core.schema
	include /etc/ldap/schema/cosine.schema
	include /etc/ldap/schema/inetorgperson.schema
	include /etc/ldap/schema/dyngroup.schema
	include $here/slapd.schema
	modulepath /usr/lib/ldap
	moduleload back_mdb
	moduleload dynlist
	moduleload ppolicy
	pidfile $dir/pid
	TLSCACertificateFile $dir/ca.crt
	TLSCertificateFile $dir/server.crt
	TLSCertificateKeyFile $dir/server.key
	TLSProtocolMin 3.3
	# passwords never in clear
	security simple_bind=128
	sizelimit 500
	database mdb
	suffix $base
	directory $dir/db
	dbnosync
	index objectClass,uid,cn,mail,sAMAccountName,userPrincipalName,dNSHostName eq
	index member,uniqueMember,objectSid,objectGUID eq
	limits dn.exact="cn=short,ou=services,$base" size.soft=1 size.hard=2
	access to dn.base="" by * read
	access to dn.subtree="ou=pki,$base" by dn.exact="cn=gatehouse,ou=services,$base" write by * read
	access to attrs=userPassword by self =xw by anonymous auth by * none
	# people may edit their own names, as many companies let them
	access to attrs=mail,uid,userPrincipalName,preferredLanguage by self write by dn.one="ou=services,$base" read by * none
	access to * by dn.one="ou=services,$base" read by self read by * none
	overlay dynlist
	dynlist-attrset groupOfURLs memberURL member+memberOf@groupOfNames*
	overlay ppolicy
	END
}

load_company() {
	[ -e "$dir/db/data.mdb" ] && return
	mkdir -p "$dir/db"
	(umask 077; openssl rand -hex 16 >"$dir/service.password")
	sed "s/@SERVICE_PASSWORD@/$(cat "$dir/service.password")/" "$here/company.ldif" >"$dir/company.ldif"
	slapadd -f "$dir/slapd.conf" -l "$dir/company.ldif" >"$dir/slapadd.log" 2>&1 ||
	    { rm -rf "$dir/db"; fail "slapadd failed: $(cat "$dir/slapadd.log")"; }
}

write_env() {
	cat >"$dir/env" <<-END
	LDAP_URI='ldaps://127.0.0.1:$1'
	LDAP_URI_PLAIN='ldap://127.0.0.1:$2'
	LDAP_CAFILE='$dir/ca.crt'
	LDAP_BASE='$base'
	LDAP_BIND_DN='cn=gatehouse,ou=services,$base'
	LDAP_BIND_PASSWORD='$(cat "$dir/service.password")'
	LDAP_PASSWORD_FILE='$dir/service.password'
	LDAP_USER='alice'
	LDAP_PASSWORD='alice-secret'
	END
}

# An LDAPS answer, not only an open port.
is_answering() {
	LDAPTLS_CACERT=$dir/ca.crt ldapsearch -x -H "ldaps://127.0.0.1:$1" \
	    -o nettimeout=2 -s base -b '' 1.1 >/dev/null 2>&1
}

# 0 when slapd answers on these ports, 1 when it could not have them.
launch() {
	local ldaps=$1 ldap=$2 try
	slapd -f "$dir/slapd.conf" -h "ldaps://127.0.0.1:$ldaps ldap://127.0.0.1:$ldap" -d 0 \
	    >>"$dir/slapd.log" 2>&1 </dev/null 3>&- &
	local pid=$!
	for try in $(seq 1200); do
		is_running && is_answering "$ldaps" && { disown "$pid"; return 0; }
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.05
	done
	kill -9 "$pid"
	return 1
}

start() {
	local ldaps ldap try
	mkdir -p "$dir"
	dir=$(cd "$dir" && pwd)
	is_running && { echo "slapd.sh: already running" >&2; return; }
	command -v slapd >/dev/null || fail "slapd is not installed (apt-get install slapd ldap-utils)"
	make_certificates
	write_conf
	load_company
	for try in 1 2 3 4 5; do
		ldaps='' ldap=''
		[ -e "$dir/ports" ] && read -r ldaps ldap <"$dir/ports"
		[ -n "$port" ] && ldaps=$port
		: "${ldaps:=$(free_port)}" "${ldap:=$(free_port)}"
		if launch "$ldaps" "$ldap"; then
			echo "$ldaps $ldap" >"$dir/ports"
			write_env "$ldaps" "$ldap"
			return
		fi
		[ -n "$port" ] && [ "$try" = 3 ] && break
		rm -f "$dir/ports"
	done
	fail "slapd does not start: $(tail -n 3 "$dir/slapd.log")"
}

end_with() {
	local pid try
	is_running || { rm -f "$dir/pid"; return 0; }
	pid=$(cat "$dir/pid")
	kill "-$1" "$pid"
	kill -CONT "$pid" 2>/dev/null || true
	for try in $(seq 1200); do
		is_running || { rm -f "$dir/pid"; return 0; }
		sleep 0.05
	done
	kill -9 "$pid"
	rm -f "$dir/pid"
}

pause() {
	is_running || fail "not running"
	stop_processes "$(cat "$dir/pid")"
}

resume() {
	is_running || fail "not running"
	kill -CONT "$(cat "$dir/pid")"
}

[ -n "$dir" ] || fail "usage: slapd.sh start|stop|kill|pause|resume DIR [PORT]"
case $action in
start) start ;;
stop) end_with TERM ;;
kill) end_with KILL ;;
pause) pause ;;
resume) resume ;;
*) fail "unknown action '$action'" ;;
esac
