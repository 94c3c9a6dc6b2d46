#!/bin/bash
# A real Active Directory domain controller (Samba) with a few accounts, for tests: LDAP, LDAPS, KDC
# with PKINIT, on a loopback address of its own.
#
#   samba.sh start DIR [IP]     IP: a free 127.x address when none is given or kept
#   samba.sh stop|kill DIR      SIGTERM, SIGKILL; both wait for the end
#   samba.sh pause|resume DIR   SIGSTOP (returns when it has stopped), SIGCONT
#   samba.sh clean DIR          stop and remove DIR (its files belong to root)
#
# The domain is provisioned once into $SAMBA_CACHE (default: the folder above DIR) and copied for
# each DIR. DIR/env holds what a client needs. A second start keeps data and address.
#
# PKINIT: the KDC trusts the certificates of DIR/pkinit-anchors.pem, which a test may write before
# the start; or set PKINIT_ANCHORS to a PEM file, which is copied there.
#
# Needs root, for the ports of LDAP and Kerberos cannot be changed; calls sudo -n otherwise.
set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "$0")" && pwd)
. "$here/stop-signal.sh"
PATH=$PATH:/usr/sbin:/sbin
unset LDAPNOINIT # a caller that uses libldap may have set it
action=${1:-} dir=${2:-} ip=${3:-}
realm=AD.TEST domain=ADTEST dns=ad.test base=DC=ad,DC=test
service_password=Service.Secret1

fail() { echo "samba.sh: $*" >&2; exit 1; }

as_root() {
	[ "$(id -u)" = 0 ] && return
	sudo -n true 2>/dev/null || fail "needs root or sudo without password (LDAP and Kerberos ports)"
	exec sudo -n SAMBA_CACHE="${SAMBA_CACHE:-}" PKINIT_ANCHORS="${PKINIT_ANCHORS:-}" \
	    bash "$here/samba.sh" "$action" "$dir" "$ip"
}

is_running() {
	local pid
	pid=$(cat "$dir/pid" 2>/dev/null) || return 1
	[ -n "$pid" ] && [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" = "$(readlink -f "$(command -v samba)")" ]
}

# --- the template ----------------------------------------------------------------------------------

accounts() {
	local c=(-s "$1/dc/etc/smb.conf") u
	for u in alice bob carol dave; do
		local mail=(--mail-address="$u@$dns")
		[ $u = carol ] && mail=()
		samba-tool user create $u "${u^}.Secret1" --given-name="${u^}" --surname=Test "${mail[@]}" "${c[@]}"
	done
	samba-tool user create gina Gina.Secret1 "${c[@]}"
	samba-tool user create bobops Bobops.Secret1 "${c[@]}"
	samba-tool user create svc-gw "$service_password" "${c[@]}"
	samba-tool user disable dave "${c[@]}"
	samba-tool computer create WEB01 "${c[@]}"
	samba-tool user setpassword 'WEB01$' --newpassword=Web01.Secret1 "${c[@]}"
	samba-tool computer create KIOSK1 "${c[@]}"
	samba-tool user setpassword 'KIOSK1$' --newpassword=Kiosk1.Secret1 "${c[@]}"
	# the template may be kept for months
	samba-tool domain passwordsettings set --max-pwd-age=0 "${c[@]}"
	for u in staff pki-users web-admins pki-computers pki-officers; do
		samba-tool group add $u "${c[@]}"
	done
	samba-tool group addmembers staff alice,bob,carol "${c[@]}"
	samba-tool group addmembers pki-users staff "${c[@]}"
	samba-tool group addmembers web-admins alice "${c[@]}"
	samba-tool group addmembers pki-computers 'WEB01$,KIOSK1$' "${c[@]}"
	samba-tool group addmembers pki-officers carol "${c[@]}"
	samba-tool group addmembers 'Cert Publishers' svc-gw "${c[@]}"
}

# What samba-tool cannot say: no UPN, an expired account, a name full of special characters. (A
# computer made by samba-tool has no dNSHostName: KIOSK1 stays so.)
details() {
	ldbmodify -H "$1/dc/private/sam.ldb" <<-END
	dn: CN=Bob Test,CN=Users,$base
	changetype: modify
	delete: userPrincipalName

	dn: CN=gina,CN=Users,$base
	changetype: modify
	replace: accountExpires
	accountExpires: 132223104000000000

	dn: CN=WEB01,CN=Computers,$base
	changetype: modify
	replace: dNSHostName
	dNSHostName: web01.$dns
	-
	replace: servicePrincipalName
	servicePrincipalName: HOST/web01.$dns
	END
	ldbrename -H "$1/dc/private/sam.ldb" "CN=bobops,CN=Users,$base" "CN=Bob\\, the (Ops)*,CN=Users,$base"
}

provision() {
	local t=$1
	rm -rf "$t"
	mkdir -p "$t"
	samba-tool domain provision --realm=$realm --domain=$domain --server-role=dc --dns-backend=NONE \
	    --adminpass='Passw0rd.Test1' --host-name=dc1 --host-ip=127.0.0.10 --targetdir="$t/dc" \
	    --option="interfaces=127.0.0.10/8" --option="bind interfaces only=yes"
	accounts "$t"
	details "$t"
}

# Prints the template's folder. Its name changes with this script.
template() {
	local cache=${SAMBA_CACHE:-$(dirname "$dir")} t
	mkdir -p "$cache"
	t=$cache/samba-template-$(sha256sum "$here/samba.sh" | cut -c1-12)
	(
		flock 9
		if [ ! -e "$t/done" ]; then
			# not "provision || ...": that would switch -e off inside
			set +e
			(set -e; provision "$t"; touch "$t/done") >"$cache/samba-provision.log" 2>&1 9>&-
			set -e
			[ -e "$t/done" ] ||
			    fail "provision failed: $(tail -n 5 "$cache/samba-provision.log")"
		fi
	) 9>"$cache/samba-template.lock"
	echo "$t"
}

# --- certificates ----------------------------------------------------------------------------------

# NAME, lines of extensions
certificate() {
	local name=$1
	shift
	openssl req -newkey rsa:2048 -nodes -subj "/CN=dc1.$dns" -keyout "$name.key" -out "$name.csr"
	printf '%s\n' "$@" >"$name.ext"
	openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 \
	    -extfile "$name.ext" -out "$name.crt"
}

make_certificates() {
	[ -s "$dir/kdc.crt" ] && return
	(
		cd "$dir"
		umask 077
		openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=Test domain CA" \
		    -keyout ca.key -out ca.crt
		certificate dc 'basicConstraints=CA:FALSE' "subjectAltName=DNS:dc1.$dns,IP:$ip" \
		    'extendedKeyUsage=serverAuth'
		# RFC 4556, 3.2.4: id-pkinit-KPKdc and the KDC's principal name
		certificate kdc 'basicConstraints=CA:FALSE' 'keyUsage=digitalSignature,keyEncipherment' \
		    'extendedKeyUsage=1.3.6.1.5.2.3.5' \
		    "subjectAltName=DNS:dc1.$dns,otherName:1.3.6.1.5.2.2;SEQUENCE:kdc" \
		    '[kdc]' "realm=EXP:0,GeneralString:$realm" 'name=EXP:1,SEQUENCE:principal' \
		    '[principal]' 'type=EXP:0,INTEGER:2' 'parts=EXP:1,SEQUENCE:parts' \
		    '[parts]' 'a=GeneralString:krbtgt' "b=GeneralString:$realm"
	) >"$dir/openssl.log" 2>&1 || fail "openssl failed, see $dir/openssl.log"
	chmod 644 "$dir/ca.crt"
}

write_krb5() {
	cat >"$dir/kdc.conf" <<-END
	[libdefaults]
	default_realm = $realm
	[kdc]
	enable-pkinit = yes
	pkinit_identity = FILE:$dir/kdc.crt,$dir/kdc.key
	pkinit_anchors = FILE:$dir/pkinit-anchors.pem
	pkinit_principal_in_certificate = yes
	END
	cat >"$dir/krb5.conf" <<-END
	[libdefaults]
	default_realm = $realm
	dns_lookup_kdc = false
	dns_lookup_realm = false
	dns_canonicalize_hostname = false
	rdns = false
	udp_preference_limit = 1
	[realms]
	$realm = {
		kdc = $ip:88
		pkinit_anchors = FILE:$dir/ca.crt
		pkinit_kdc_hostname = dc1.$dns
	}
	END
}

# --- start and stop --------------------------------------------------------------------------------

free_ip() {
	local i p
	while :; do
		i=127.0.$((1 + RANDOM % 250)).$((10 + RANDOM % 200))
		for p in 88 389 636; do
			(exec 3<>"/dev/tcp/$i/$p") 2>/dev/null && continue 2
		done
		echo "$i"
		return
	done
}

sid_of() {
	ldbsearch -H "$dir/dc/private/sam.ldb" "(sAMAccountName=$1)" objectSid 2>/dev/null | sed -n 's/^objectSid: //p'
}

write_env() {
	(umask 022; printf '%s\n' "$service_password" >"$dir/service.password"; cat >"$dir/env" <<-END
	AD_URI='ldaps://$ip'
	AD_CAFILE='$dir/ca.crt'
	AD_BASE='$base'
	AD_REALM='$realm'
	AD_DOMAIN='$domain'
	AD_BIND_DN='CN=svc-gw,CN=Users,$base'
	AD_BIND_PASSWORD='$service_password'
	AD_PASSWORD_FILE='$dir/service.password'
	AD_USER='alice'
	AD_PASSWORD='Alice.Secret1'
	AD_IP='$ip'
	AD_SID_ALICE='$(sid_of alice)'
	KRB5_CONFIG='$dir/krb5.conf'
	END
	)
}

is_answering() {
	LDAPTLS_CACERT=$dir/ca.crt ldapsearch -x -H "ldaps://$ip" -o nettimeout=2 -s base -b '' 1.1 \
	    >/dev/null 2>&1 && (exec 3<>"/dev/tcp/$ip/88") 2>/dev/null
}

copy_domain() {
	local t
	[ -e "$dir/dc/copied" ] && return
	t=$(template)
	rm -rf "$dir/dc"
	cp -a "$t/dc" "$dir/dc"
	sed -i "s#$t/dc#$dir/dc#g" "$dir/dc/etc/smb.conf"
	touch "$dir/dc/copied"
}

launch() {
	local d=$dir pid try
	mkdir -p "$d/run/ncalrpc"
	KRB5_CONFIG=$d/kdc.conf setsid samba -i -M single --no-process-group -s "$d/dc/etc/smb.conf" \
	    --option="interfaces=$ip/8" --option="bind interfaces only=yes" \
	    --option="pid directory=$d/run" --option="ncalrpc dir=$d/run/ncalrpc" \
	    --option="server services=rpc,ldap,cldap,kdc" --option="tls certfile=$d/dc.crt" \
	    --option="tls keyfile=$d/dc.key" --option="tls cafile=$d/ca.crt" \
	    >>"$d/log" 2>&1 </dev/null &
	pid=$!
	echo $pid >"$d/pid"
	for try in $(seq 1200); do
		is_answering && { disown $pid; return; }
		kill -0 $pid 2>/dev/null || break
		sleep 0.05
	done
	kill -9 $pid 2>/dev/null || true
	fail "samba does not start: $(tail -n 5 "$d/log")"
}

start() {
	command -v samba samba-tool ldbmodify >/dev/null ||
	    fail "not installed: samba-ad-dc samba-ad-provision samba-dsdb-modules ldb-tools ldap-utils"
	mkdir -p "$dir"
	chmod a+rx "$dir"
	dir=$(cd "$dir" && pwd)
	is_running && { echo "samba.sh: already running" >&2; return; }
	[ -n "$ip" ] || ip=$(cat "$dir/ip" 2>/dev/null) || ip=$(free_ip)
	[ "$(cat "$dir/ip" 2>/dev/null)" = "$ip" ] || rm -f "$dir"/*.crt "$dir"/*.key
	echo "$ip" >"$dir/ip"
	copy_domain
	make_certificates
	[ -n "${PKINIT_ANCHORS:-}" ] && cp "$PKINIT_ANCHORS" "$dir/pkinit-anchors.pem"
	[ -e "$dir/pkinit-anchors.pem" ] || cp "$dir/ca.crt" "$dir/pkinit-anchors.pem"
	write_krb5
	launch
	write_env
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

[ -n "$dir" ] || fail "usage: samba.sh start|stop|kill|pause|resume|clean DIR [IP]"
as_root
case $action in
start) start ;;
stop) end_with TERM ;;
kill) end_with KILL ;;
pause) pause ;;
resume) resume ;;
clean)
	[ -e "$dir/ip" ] || fail "$dir is not a folder of samba.sh"
	end_with TERM
	rm -rf "$dir"
	;;
*) fail "unknown action '$action'" ;;
esac
