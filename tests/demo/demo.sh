#!/bin/bash
# make demo and make demo-stop.
#	demo.sh start	everything under var/demo/, started from the kept state when there is one; enrolls alice
#	demo.sh stop	stops all of it; the state is kept
# GATEHOUSE_PORT: port of the gateway, 8443 when not set; GATEHOUSE_HTTP_PORT: of CRLs and OCSP, 8080 when it is free.
# GATEHOUSE_DEMO_DIR: another folder than var/demo.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd -P)
dir=${GATEHOUSE_DEMO_DIR:-$top/var/demo}
build=${BUILD:-build}
[[ $build == /* ]] || build=$top/$build
umask 077

fail()
{
	echo "demo: $*" >&2
	exit 1
}

say()
{
	printf '\n== %s\n' "$*"
}

# Variables of the demo contract, and nothing else.
write_demo_env()
{
	{
		echo "# Written by make demo: how to reach the running demo. For shells: . $dir/demo.env"
		grep -E '^GATEHOUSE_(URL|HTTP_URL|CAFILE|APP_KEY|APP_SECRET|USER|PASSWORD|TEMPLATE|DB|LDAP_URI|ADMIN_USER|ADMIN_PASSWORD|OFFICER_USER|OFFICER_PASSWORD|AUDITOR_USER|AUDITOR_PASSWORD|AGENT_USER|AGENT_PASSWORD|AGENT2_USER|AGENT2_PASSWORD|CONF)=' \
		    "$dir/env"
	} >"$dir/demo.env.new"
	mv "$dir/demo.env.new" "$dir/demo.env"
}

# Enroll with our client: NAME TEMPLATE [OPTION...]. Shows what it says and keeps it for told. Returns its status.
enroll()
{
	local name=$1 template=$2

	shift 2
	"$build/gatehouse" enroll --url "$GATEHOUSE_URL" --cacert "$GATEHOUSE_CAFILE" \
	    --app-key "$GATEHOUSE_APP_KEY" --app-secret-file "$dir/app.secret" \
	    --user "$GATEHOUSE_USER" --password-file "$dir/user.password" \
	    --template "$template" --out-dir "$dir/out/$name" "$@" | tee "$dir/out/$name/answer"
}

# NAME MEMBER: what the client said of that enrollment. Never "the newest row": jobs enroll beside us.
told()
{
	awk -v member="$2:" '$1 == member { print $2 }' "$dir/out/$1/answer"
}

show_certificate()
{
	openssl x509 -in "$1" -noout -subject -issuer -dates -ext subjectAltName -nameopt RFC2253,-esc_msb |
	    sed 's/^/   /'
}

# The answer's last certificate is the root: that it is ours is not the client's word but the database's. It is the end of
# the issuing CA's chain: after a renewal with a new key, the CA named root is another one.
export_root()
{
	"$build/gatehouse" ca export issuing --chain -c "$dir/gatehouse.conf" >"$dir/chain.pem.new" &&
	    awk '/BEGIN/ { pem = "" } { pem = pem $0 "\n" } END { printf "%s", pem }' "$dir/chain.pem.new" >"$dir/root.pem.new" &&
	    openssl x509 -in "$dir/root.pem.new" -noout && rm "$dir/chain.pem.new" ||
	    fail "the root CA cannot be read"
	mv "$dir/root.pem.new" "$dir/root.pem"
}

verify()
{
	openssl verify -x509_strict -CAfile "$dir/root.pem" -untrusted "$1/chain.pem" "$1/cert.pem" |
	    sed "s,$dir/,,; s/^/   /"
}

enroll_alice()
{
	say "alice enrolls with template $GATEHOUSE_TEMPLATE; her request asks for the name Mallory"
	rm -rf "${dir:?}/out"
	mkdir -p "$dir/out/alice" "$dir/out/shop"
	enroll alice "$GATEHOUSE_TEMPLATE" --subject "CN=Mallory" ||
	    fail "the enrollment failed, see $dir/gateway.log"
	say "subject and SAN of the certificate are those of alice's entry in the directory"
	show_certificate "$dir/out/alice/cert.pem"
	say "its chain, checked with openssl verify"
	verify "$dir/out/alice" || fail "the chain does not verify"
}

# A template whose requests wait for an officer.
enroll_shop()
{
	local rc=0 number

	say "alice asks for shop.example.test with template WebServer, which needs an officer's approval"
	enroll shop WebServer --subject "CN=shop.example.test" --san dns:shop.example.test || rc=$?
	[ "$rc" = 3 ] || fail "the request should be pending (status $rc)"
	number=$(told shop request_id)
	say "gatehouse request approve $number"
	"$build/gatehouse" request approve "$number" --yes -c "$dir/gatehouse.conf" | sed 's/^/   /'
	enroll shop WebServer --request-id "$number" || fail "the approved request has no certificate"
	show_certificate "$dir/out/shop/cert.pem"
	verify "$dir/out/shop" || fail "the chain does not verify"
}

# The shop's certificate is revoked; OCSP says so at once, the next CRL as well.
revoke_shop()
{
	local id

	id=$(told shop certificate_id)
	say "gatehouse cert revoke $id --reason superseded; openssl ocsp at $GATEHOUSE_HTTP_URL/ocsp then says"
	"$build/gatehouse" cert revoke "$id" --reason superseded --yes -c "$dir/gatehouse.conf" >/dev/null ||
	    fail "the certificate cannot be revoked"
	"$build/gatehouse" ca export issuing -c "$dir/gatehouse.conf" >"$dir/issuing.pem"
	for name in alice shop; do
		openssl ocsp -issuer "$dir/issuing.pem" -cert "$dir/out/$name/cert.pem" -CAfile "$dir/root.pem" \
		    -verify_other "$dir/issuing.pem" -url "$GATEHOUSE_HTTP_URL/ocsp" 2>/dev/null |
		    sed "s,$dir/,,; s/^/   /"
	done
	"$build/gatehouse" crl issue --ca issuing -c "$dir/gatehouse.conf" >/dev/null || fail "no CRL"
	say "and $GATEHOUSE_HTTP_URL/crl/issuing.crl"
	curl -sS --noproxy '*' "$GATEHOUSE_HTTP_URL/crl/issuing.crl" |
	    openssl crl -inform DER -noout -crlnumber -nextupdate -text |
	    grep -E '^(crlNumber|nextUpdate)|Serial Number' | sed 's/^ */   /'
}

# The authority that archives private keys: its own keys, and whom clients wrap for.
show_kra()
{
	say "gatehouse kra show: the key recovery authority of docs/kra.md; its agents are anna and bert"
	"$build/gatehouse" kra show -c "$dir/gatehouse.conf" | cut -c 1-78 | sed 's/^/   /'
}

start()
{
	local begin=$SECONDS

	mkdir -p "$dir"
	dir=$(cd "$dir" && pwd -P)
	exec 8>"$dir.lock"
	flock -n 8 || fail "another make demo is under way"
	if [ -e "$dir/complete" ]; then
		say "starting from the state in $dir"
	else
		say "creating PostgreSQL, slapd, CAs, templates, application and users in $dir"
	fi
	# a state from before there was a KRA gets one
	GATEHOUSE_PORT=${GATEHOUSE_PORT:-8443} GATEHOUSE_HTTP_WISH=8080 GATEHOUSE_KRA=${GATEHOUSE_KRA:-RSA-3072} \
	    "$top/tests/servers/gateway.sh" start "$dir" 8>&-
	write_demo_env
	# shellcheck disable=SC1091
	. "$dir/demo.env"
	echo "$GATEHOUSE_PASSWORD" >"$dir/user.password"
	export_root
	enroll_alice
	enroll_shop
	revoke_shop
	show_kra
	say "the gateway runs on $GATEHOUSE_URL ($((SECONDS - begin)) s); make demo-stop stops it"
	echo "   variables for scripts: $dir/demo.env"
	echo "   log: $dir/gateway.log"
}

stop()
{
	[ -d "$dir" ] || { echo "demo: nothing to stop, $dir is not there"; return; }
	"$top/tests/servers/gateway.sh" stop "$dir"
	echo "demo: stopped; the state is kept in $dir"
}

case ${1:-} in
start) start ;;
stop) stop ;;
*) fail "usage: demo.sh start|stop" ;;
esac
