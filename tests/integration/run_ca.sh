#!/bin/bash
# CAs through their life, with a real PostgreSQL and signer: what openssl makes of their certificates.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
[[ $build == /* ]] || build=$PWD/$build
gatehouse=$build/gatehouse
dir=$(mktemp -d /tmp/gatehouse-ca.XXXXXX)
chmod 711 "$dir"
number=0 failed=0
unset "${!GATEHOUSE_@}"

finish()
{
	tests/servers/postgres.sh stop "$dir/postgres" >/dev/null 2>&1
	[ -n "${KEEP:-}" ] || rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

check()
{
	local name=$1

	shift
	number=$((number + 1))
	(set -e; "$@") >"$dir/log" 2>&1
	if [ $? -eq 0 ]; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		sed 's/^/# /' "$dir/log" | tail -n 30
		failed=1
	fi
}

ca()
{
	local verb=$1

	shift
	"$gatehouse" ca "$verb" -c "$dir/gatehouse.conf" "$@" </dev/null
}

# expect STATUS WORD COMMAND...: exit code, and what standard error must say
expect()
{
	local status=$1 word=$2 got=0

	shift 2
	"$@" >"$dir/out" 2>"$dir/err" || got=$?
	cat "$dir/out" "$dir/err"
	[ "$got" = "$status" ] || { echo "exit code $got, not $status"; return 1; }
	[ -z "$word" ] || grep -qF -- "$word" "$dir/err" || { echo "stderr lacks: $word"; return 1; }
}

# is JQ-EXPRESSION COMMAND...: the JSON it prints makes the expression true
is()
{
	local expression=$1

	shift
	"$@" | tee /dev/stderr | [ "$(jq "$expression")" = true ]
}

sql()
{
	psql -X -q -A -t -v ON_ERROR_STOP=1 "$PGCONNINFO" -c "$1"
}

# has SQL VALUE
has()
{
	local got

	got=$(sql "$1")
	echo "$1: $got"
	[ "$got" = "$2" ]
}

text()
{
	openssl x509 -in "$1" -noout -text
}

cat >"$dir/tls.cnf" <<'END'
[req]
distinguished_name = dn
prompt = no
[dn]
CN = Foreign Root
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[sub]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END

tests/servers/postgres.sh start "$dir/postgres" >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
. "$dir/postgres/env"
mkdir "$dir/own"
cat >"$dir/gatehouse.conf" <<END
gateway {
	certificate = "$dir/tls.pem"
	key = "$dir/tls.key"
	run_dir = "$dir/own"
	secret_file = "$dir/own/gateway.secret"
	module = "$build/gatehouse.so"
}
database {
	conninfo = "$PGCONNINFO"
}
signer {
	socket = "$dir/own/signer.sock"
	key_file = "$dir/own/signer.key"
	program = "$build/gatehouse-signer"
}
directory {
	type = openldap
	uris = "ldapi://%2Fnonexistent"
	base = "dc=example,dc=com"
}
END

# ---- init and create ----
init()
{
	"$gatehouse" init -c "$dir/gatehouse.conf" --base-url http://pki.test/
	ca export root >"$dir/root.pem"
	ca export issuing >"$dir/issuing.pem"
	openssl verify -x509_strict -CAfile "$dir/root.pem" "$dir/issuing.pem"
	text "$dir/issuing.pem" | grep -F 'URI:http://pki.test/crl/root.crl'
	text "$dir/issuing.pem" | grep -F 'CA Issuers - URI:http://pki.test/ca/root.cer'
	text "$dir/issuing.pem" | grep -F 'OCSP - URI:http://pki.test/ocsp'
	is '.cdp == ["http://pki.test/crl/issuing.crl"] and .aia == ["http://pki.test/ca/issuing.cer"] and
	    .ocsp == ["http://pki.test/ocsp"]' ca show issuing --json
	# what the root signed can be revoked
	has "SELECT count(*) FROM certificate x JOIN ca ON ca.id = x.ca_id WHERE ca.name = 'root' AND x.der =
	    (SELECT chain[1] FROM ca WHERE name = 'issuing')" 1
}

create()
{
	ca create lab-root --root --subject 'CN=Lab Root,O=Lab' --key-alg P-384 --days 4000 --path-len 2 \
	    --base-url http://pki.test
	ca create lab --parent lab-root --subject 'CN=Lab,O=Lab' --path-len 1 --years 5 \
	    --base-url http://pki.test --shards 4
	ca create lab-web --parent lab --subject 'CN=Lab Web,O=Lab' --permit-dns lab.test --permit-ip 10.0.0.0/8 \
	    --exclude-dns secret.lab.test --permit-email lab.test --exclude-ip 2001:db8::/32 --permit-dn O=Lab
	ca export lab-root >"$dir/lab-root.pem"
	ca export lab-web --chain >"$dir/lab-web.pem"
	openssl verify -x509_strict -CAfile "$dir/lab-root.pem" -untrusted "$dir/lab-web.pem" "$dir/lab-web.pem"
	text "$dir/lab-web.pem" | grep -A12 'Name Constraints: critical' >"$dir/nc"
	cat "$dir/nc"
	for word in 'DNS:lab.test' 'IP:10.0.0.0/255.0.0.0' 'DNS:secret.lab.test' 'email:lab.test' 'DirName:O = Lab' \
	    '2001:db8'; do
		grep -qiF "$word" "$dir/nc"
	done
	# its parent's CRL is divided: a CA certificate names the complete one
	text "$dir/lab-web.pem" | grep -F 'URI:http://pki.test/crl/lab.crl'
	is '.cdp == ["http://pki.test/crl/lab-s{shard}.crl"] and .crl_shards == 4' ca show lab --json
	is '.policy.name_constraints.permitted.dns == ["lab.test"]' ca show lab-web --json
	has "SELECT count(*) FROM certificate WHERE shard IS NULL AND ca_id = (SELECT id FROM ca WHERE name = 'lab')" 1
}

refused()
{
	expect 1 'already' ca create lab --root --subject CN=x
	expect 1 'no CA "nobody"' ca create x --parent nobody --subject CN=x
	expect 2 '--parent and --root' ca create x --subject CN=x
	expect 2 '--parent and --root' ca create x --root --parent root --subject CN=x
	expect 2 'letters, digits' ca create 'a b' --root --subject CN=x
	expect 2 'letters, digits' ca create 'a@1' --root --subject CN=x
	expect 2 '--permit-ip 10.0.0.0' ca create x --root --subject CN=x --permit-ip 10.0.0.0
	expect 2 '--base-url' ca create x --root --subject CN=x --base-url https://pki.test
	expect 2 '--shards' ca create x --root --subject CN=x --shards 4
	expect 2 '--allow-key DSA' ca create x --root --subject CN=x --allow-key DSA
	expect 2 '--allow-key EC:256' ca create x --root --subject CN=x --allow-key EC:256
	expect 2 '--allow-eku' ca create x --root --subject CN=x --allow-eku noSuchUsage
	expect 2 '--approval-required' ca set lab --approval-required --no-approval-required
	expect 2 'nothing to change' ca set lab
	# the issuing CA signs end entities only; root CAs only those
	expect 1 '' ca create x --parent issuing --subject CN=x
	expect 1 '' ca create x --parent root --subject CN=x --path-len 1
	has "SELECT count(*) FROM ca WHERE name = 'x'" 0
}

check "init with --base-url names CRL, certificate and OCSP of both CAs" init
check "root, CA with divided CRL, CA with name constraints" create
check "what is wrong names the option and stores nothing" refused

echo "1..$number"
exit "$failed"
