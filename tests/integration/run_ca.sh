#!/bin/bash
# CAs through their life, with a real PostgreSQL and signer: what openssl makes of their certificates.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
[[ $build == /* ]] || build=$PWD/$build
gatehouse=$build/gatehouse
dir=$(mktemp -d /tmp/gatehouse-ca.XXXXXX)
chmod 711 "$dir"
. tests/integration/check.sh
unset "${!GATEHOUSE_@}"

finish()
{
	tests/servers/postgres.sh stop "$dir/postgres" >/dev/null 2>&1
	[ -n "${KEEP:-}" ] || rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

ca()
{
	local verb=$1

	shift
	# URLs are not what most of these are about
	case "$verb $*" in
	*--base-url* | *--cdp-url*) ;;
	create* | csr* | import*) set -- "$@" --no-urls ;;
	esac
	"$gatehouse" ca "$verb" -c "$dir/gatehouse.conf" "$@" </dev/null
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
	expect 2 '--days is from 1' ca create x --root --subject CN=x --days 0
	expect 2 '--days is from 1' ca renew root --days 0
	expect 2 '--years is from 1' ca renew root --years 0
	expect 2 'letters, digits' ca create 'a b' --root --subject CN=x
	expect 2 'letters, digits' ca create 'a@1' --root --subject CN=x
	expect 2 '--permit-ip 10.0.0.0' ca create x --root --subject CN=x --permit-ip 10.0.0.0
	expect 2 '--base-url' ca create x --root --subject CN=x --base-url https://pki.test
	expect 2 'give --base-url' "$gatehouse" ca create x --root --subject CN=x -c "$dir/gatehouse.conf"
	expect 2 'give --base-url' "$gatehouse" ca csr x --subject CN=x -c "$dir/gatehouse.conf"
	expect 2 '--shards' ca create x --root --subject CN=x --shards 4
	expect 2 '--allow-key DSA' ca create x --root --subject CN=x --allow-key DSA
	expect 2 '--allow-key EC:256' ca create x --root --subject CN=x --allow-key EC:256
	expect 2 '--allow-eku' ca create x --root --subject CN=x --allow-eku noSuchUsage
	expect 2 '--approval-required' ca set lab --approval-required --no-approval-required
	expect 2 'nothing to change' ca set lab
	# the issuing CA signs end entities only; root CAs only those
	expect 1 'CA certificates are not allowed' ca create x --parent issuing --subject CN=x
	expect 1 'pathLenConstraint' ca create x --parent root --subject CN=x --path-len 1
	has "SELECT count(*) FROM ca WHERE name = 'x'" 0
}

# ---- renewal ----
# sign KEYFILE CERTFILE OUT: a leaf below a CA whose key is in a file
leaf()
{
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/leaf.key" -subj /CN=leaf \
	    -out "$dir/leaf.csr"
	openssl x509 -req -in "$dir/leaf.csr" -CA "$2" -CAkey "$1" -days 30 -out "$3" \
	    -extfile <(echo 'authorityKeyIdentifier = keyid')
}

renew_same_key()
{
	cp "$dir/root.pem" "$dir/root-1.pem"
	sleep 1 # another second in its dates
	is '.name == "root" and .slug == "root" and .superseded == null' ca renew root --years 21 --json
	ca export root >"$dir/root.pem"
	[ "$(openssl x509 -in "$dir/root.pem" -noout -serial)" != "$(openssl x509 -in "$dir/root-1.pem" -noout -serial)" ]
	[ "$(openssl x509 -in "$dir/root.pem" -noout -pubkey)" = "$(openssl x509 -in "$dir/root-1.pem" -noout -pubkey)" ]
	# what was issued before is good below the new certificate, and below the old one
	openssl verify -x509_strict -CAfile "$dir/root.pem" "$dir/issuing.pem"
	openssl verify -x509_strict -CAfile "$dir/root-1.pem" "$dir/issuing.pem"
	is '.certificates | length == 1 and .[0].kind == "earlier"' ca show root --json
	# both are given out, and the chain below goes on with the new one
	[ "$(ca export root --all | grep -c BEGIN)" = 2 ]
	ca export issuing --chain | openssl crl2pkcs7 -nocrl -certfile /dev/stdin | openssl pkcs7 -print_certs -out "$dir/x"
	has "SELECT chain[2] = (SELECT chain[1] FROM ca WHERE name = 'root') FROM ca WHERE name = 'issuing'" t
}

renew_subordinate()
{
	is '.name == "issuing" and .superseded == null' ca renew issuing --json
	ca export issuing --chain >"$dir/issuing.pem"
	openssl verify -x509_strict -CAfile "$dir/root.pem" -untrusted "$dir/issuing.pem" "$dir/issuing.pem"
	text "$dir/issuing.pem" | grep -F 'URI:http://pki.test/crl/root.crl'
	# both certificates of its key are in the inventory of the root
	has "SELECT count(*) FROM certificate WHERE ca_id = (SELECT id FROM ca WHERE name = 'root')" 2
	# name constraints stay
	ca renew lab-web --days 100
	ca export lab-web >"$dir/lab-web.pem"
	text "$dir/lab-web.pem" | grep -F 'DNS:secret.lab.test'
}

# A chain from the leaf to the one trusted root, over what `ca export --all` gives.
renew_root_key()
{
	ca export issuing >"$dir/issuing-old.pem"
	cp "$dir/root.pem" "$dir/root-old.pem"
	is '.name == "root" and .slug == "root-2" and .superseded == "root@1"' ca renew root --new-key --json
	ca export root >"$dir/root-new.pem"
	ca export root --all >"$dir/root-all.pem"
	[ "$(grep -c BEGIN "$dir/root-all.pem")" = 3 ]
	[ "$(openssl x509 -in "$dir/root-new.pem" -noout -pubkey)" != "$(openssl x509 -in "$dir/root-old.pem" -noout -pubkey)" ]
	ca create below-new --parent root --subject 'CN=Below New' --days 300
	ca export below-new >"$dir/below-new.pem"
	text "$dir/below-new.pem" | grep -F 'URI:http://pki.test/crl/root-2.crl'
	text "$dir/below-new.pem" | grep -F 'URI:http://pki.test/ca/root-2.cer'
	# the cross certificates, without the roots themselves
	csplit -s -z -f "$dir/cross-" "$dir/root-all.pem" '/BEGIN/' '{*}'
	cat "$dir/cross-01" "$dir/cross-02" >"$dir/cross.pem"
	openssl verify -x509_strict -CAfile "$dir/root-old.pem" -no-CApath "$dir/issuing-old.pem"
	openssl verify -x509_strict -CAfile "$dir/root-new.pem" -no-CApath "$dir/below-new.pem"
	! openssl verify -x509_strict -CAfile "$dir/root-new.pem" -no-CApath "$dir/issuing-old.pem"
	! openssl verify -x509_strict -CAfile "$dir/root-old.pem" -no-CApath "$dir/below-new.pem"
	openssl verify -x509_strict -CAfile "$dir/root-new.pem" -no-CApath -show_chain -untrusted "$dir/cross.pem" "$dir/issuing-old.pem"
	openssl verify -x509_strict -CAfile "$dir/root-old.pem" -no-CApath -show_chain -untrusted "$dir/cross.pem" "$dir/below-new.pem"
	is '.state == "superseded" and .slug == "root" and (.certificates | map(.kind) | sort) == ["earlier", "old_with_new"]' \
	    ca show root@1 --json
	is '.certificates | map(.kind) | sort == ["new_with_old", "old_with_new"]' ca show root --json
	# each in the inventory of its issuer
	has "SELECT count(*) FROM certificate x JOIN ca_certificate a ON a.der = x.der JOIN ca ON ca.id = x.ca_id
	    WHERE (ca.name = 'root' AND a.kind = 'old_with_new' AND a.ca_id = ca.id) OR (ca.name = 'root@1' AND
	    a.kind = 'new_with_old')" 2
	expect 1 'superseded' ca renew root@1
	expect 1 'superseded' ca create y --parent root@1 --subject CN=y
	# a second time
	is '.slug == "root-3" and .superseded == "root@2"' ca renew root --new-key --key-alg P-384 --json
	# the CA below comes to the new key
	ca renew issuing --new-key --key-alg RSA-2048
	ca export issuing --chain >"$dir/issuing.pem"
	ca export root >"$dir/root-3.pem"
	openssl verify -x509_strict -CAfile "$dir/root-3.pem" -no-CApath -untrusted "$dir/issuing.pem" "$dir/issuing.pem"
	is '.slug == "issuing-2" and .cdp == ["http://pki.test/crl/issuing-2.crl"]' ca show issuing --json
}

# ---- policy ----
policy()
{
	is '.policy == {"max_validity_days":90,"approval_required":true,"keys":[{"type":"RSA","min_bits":3072},{"type":"EC"}],
	    "ekus":["1.3.6.1.5.5.7.3.2","1.2.3.4"],"extensions":["1.3.6.1.4.1.311.25.2"]}' \
	    ca set lab --max-validity 90 --allow-key rsa:3072 --allow-key EC --allow-eku clientAuth --allow-eku 1.2.3.4 \
	    --allow-extension 1.3.6.1.4.1.311.25.2 --approval-required --json
	# the limits are in the sealed record: it signs no CA for 10 years any more, and none with an Ed25519 key
	expect 1 'more than 90 days' ca create z --parent lab --subject 'CN=Z,O=Lab' --days 900
	expect 1 'without extended key usage' ca create z --parent lab --subject 'CN=Z,O=Lab' --days 30
	ca set lab --max-validity 0 --allow-eku any --allow-extension any --no-approval-required
	expect 1 'keys of this kind' ca create z --parent lab --subject 'CN=Z,O=Lab' --days 30 --key-alg Ed25519
	is '.policy.groups == ["pki-lab", "CN=Lab,DC=x"]' ca set lab --allow-group pki-lab --allow-group CN=Lab,DC=x --json
	expect 2 'exclude each other' ca set lab --allow-group a --allow-anybody
	is '.policy.groups == []' ca set lab --allow-anybody --json
	ca set lab --allow-key any
	ca create z --parent lab --subject 'CN=Z,O=Lab' --days 30 --key-alg Ed25519
	ca set lab --base-url http://pki2.test --shards 0
	is '.cdp == ["http://pki2.test/crl/lab.crl"] and .crl_shards == 0' ca show lab --json
	expect 2 '--shards' ca set lab --cdp-url 'http://x.test/{shard}.crl'
	has "SELECT count(*) > 3 FROM audit WHERE event = 'ca.policy-changed' AND object = 'lab' AND outcome = 'success'" t
}

# ---- states ----
states()
{
	ca disable z
	is '.state == "disabled"' ca show z --json
	expect 1 'z is disabled' ca disable z
	expect 1 'disabled' ca create q --parent z --subject CN=q
	ca enable z
	expect 1 'z is active' ca enable z
	expect 2 '--yes' setsid "$gatehouse" ca retire z -c "$dir/gatehouse.conf"
	is '.state == "active"' ca show z --json
	is '.state == "retired"' ca retire z --yes --json
	is '.state == "retired" and .sealed == false and .protection == "none"' ca show z --json
	expect 1 'final' ca retire z --yes
	expect 1 'retired' ca enable z
	expect 1 'retired' ca renew z
	expect 1 'retired' ca set z --approval-required
	expect 1 'no CA "nobody"' ca disable nobody
	has "SELECT string_agg(event, ' ' ORDER BY id) FROM audit WHERE object = 'z'" \
	    "ca.created ca.disabled ca.enabled ca.retired"
}

# ---- CAs from elsewhere ----
foreign_root()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/fr.key" -out "$dir/fr.pem" \
	    -config "$dir/tls.cnf" -extensions root -days 3000
}

# foreign SUBJECT: key and certificate of a CA below the foreign root, in sub.key and sub.pem
foreign()
{
	openssl req -new -newkey rsa:2048 -nodes -keyout "$dir/sub.key" -subj "/CN=$1" -config "$dir/tls.cnf" \
	    -out "$dir/sub.csr"
	openssl x509 -req -in "$dir/sub.csr" -CA "$dir/fr.pem" -CAkey "$dir/fr.key" -days 2000 -out "$dir/sub.pem" \
	    -extfile "$dir/tls.cnf" -extensions sub
}

import_pkcs12()
{
	foreign_root
	foreign 'Imported'
	echo p12-password >"$dir/p12.password"
	openssl pkcs12 -export -inkey "$dir/sub.key" -in "$dir/sub.pem" -certfile "$dir/fr.pem" -out "$dir/sub.p12" \
	    -passout "file:$dir/p12.password"
	openssl pkcs12 -export -legacy -inkey "$dir/sub.key" -in "$dir/sub.pem" -certfile "$dir/fr.pem" \
	    -out "$dir/old.p12" -passout "file:$dir/p12.password"
	echo wrong >"$dir/wrong.password"
	expect 2 'wrong password' ca import imp --pkcs12 "$dir/sub.p12" --password-file "$dir/wrong.password"
	expect 2 'no PKCS#12' ca import imp --pkcs12 "$dir/sub.pem" --password-file "$dir/p12.password"
	expect 2 'terminal' setsid "$gatehouse" ca import imp --pkcs12 "$dir/sub.p12" --no-urls -c "$dir/gatehouse.conf"
	ca import imp --pkcs12 "$dir/sub.p12" --password-file "$dir/p12.password" --base-url http://pki.test
	[ "$(ca export imp)" = "$(cat "$dir/sub.pem")" ]
	ca import imp-old --pkcs12 "$dir/old.p12" --password-file "$dir/p12.password"
	is '.state == "active" and .parent == null and (.chain | length) == 2' ca show imp --json
	expect 1 'ca csr' ca renew imp
	has "SELECT event FROM audit WHERE object = 'imp'" ca.imported
	! grep -rq p12-password "$dir/own"
}

import_pem()
{
	# the foreign root itself, and a CA below it: its parent is found
	openssl pkey -in "$dir/fr.key" -aes256 -passout "file:$dir/p12.password" -out "$dir/fr.enc"
	expect 2 'wrong password' ca import fr --key "$dir/fr.enc" --cert "$dir/fr.pem" --password-file "$dir/wrong.password"
	ca import fr --key "$dir/fr.enc" --cert "$dir/fr.pem" --password-file "$dir/p12.password"
	foreign 'Imported PEM'
	expect 2 'issuer' ca import imp2 --key "$dir/sub.key" --cert "$dir/sub.pem"
	expect 1 'not that of the CA certificate' ca import imp2 --key "$dir/fr.key" --cert "$dir/sub.pem" --chain "$dir/fr.pem"
	ca import imp2 --key "$dir/sub.key" --cert "$dir/sub.pem" --chain "$dir/fr.pem"
	is '.parent == "fr"' ca show imp2 --json
	ca renew imp2 --days 300
	ca export imp2 >"$dir/imp2.pem"
	openssl verify -x509_strict -CAfile "$dir/fr.pem" "$dir/imp2.pem"
	# a leaf is no CA
	leaf "$dir/fr.key" "$dir/fr.pem" "$dir/leaf.pem"
	expect 1 'not that of a CA' ca import no --key "$dir/leaf.key" --cert "$dir/leaf.pem" --chain "$dir/fr.pem"
	openssl x509 -in "$dir/sub.pem" -outform DER -out "$dir/sub.der"
	expect 1 'already' ca import imp2 --key "$dir/sub.key" --cert "$dir/sub.der" --chain "$dir/fr.pem"
	expect 2 '--pkcs12' ca import no --key "$dir/sub.key"
	expect 2 '--pkcs12' ca import no --key "$dir/sub.key" --pkcs12 "$dir/sub.p12"
	expect 2 '/nonexistent' ca import no --key /nonexistent --cert "$dir/sub.pem"
	has "SELECT count(*) FROM ca WHERE name = 'no'" 0
}

sign_csr()
{
	openssl req -in "$1" -noout -verify
	openssl x509 -req -in "$1" -CA "$dir/fr.pem" -CAkey "$dir/fr.key" -days "$3" -out "$2" -extfile "$dir/tls.cnf" \
	    -extensions sub
}

external()
{
	expect 2 '--subject' ca csr ext
	ca csr ext --subject 'CN=External,O=Lab' --key-alg P-384 --base-url http://pki.test --max-validity 90 \
	    --permit-dns lab.test >"$dir/ext.csr"
	openssl req -in "$dir/ext.csr" -noout -text | grep -F 'DNS:lab.test'
	is '.state == "pending" and .not_after == null and .subject == "CN=External,O=Lab"' ca show ext --json
	is '[.[] | select(.name == "ext")][0].state == "pending"' ca list --json
	cmp <(ca csr ext) "$dir/ext.csr"
	expect 1 'pending' ca create q --parent ext --subject CN=q
	expect 1 'no certificate' ca export ext
	expect 1 'pending' ca renew ext
	ca set ext --max-validity 60
	sign_csr "$dir/ext.csr" "$dir/ext.pem" 1000
	expect 1 'another key' ca complete ext --cert "$dir/sub.pem" --chain "$dir/fr.pem"
	expect 2 'issuer' ca complete ext --cert "$dir/ext.pem"
	is '.state == "pending"' ca show ext --json
	ca complete ext --cert "$dir/ext.pem" --chain "$dir/fr.pem"
	is '.state == "active" and .csr == null and (.chain | length) == 2' ca show ext --json
	[ "$(ca export ext)" = "$(cat "$dir/ext.pem")" ]
	has "SELECT string_agg(event, ' ' ORDER BY id) FROM audit WHERE object = 'ext'" \
	    "ca.csr-made ca.policy-changed ca.completed"
	# the next certificate for the same key
	ca csr ext >"$dir/ext2.csr"
	[ "$(openssl req -in "$dir/ext2.csr" -noout -pubkey)" = "$(openssl x509 -in "$dir/ext.pem" -noout -pubkey)" ]
	sign_csr "$dir/ext2.csr" "$dir/ext2.pem" 2000
	expect 1 'already' ca complete ext --cert "$dir/ext.pem" --chain "$dir/fr.pem"
	expect 1 'another subject' ca complete ext --cert "$dir/sub.pem" --chain "$dir/fr.pem"
	ca complete ext --cert "$dir/ext2.pem" --chain "$dir/fr.pem"
	is '.certificates | length == 1 and .[0].kind == "earlier"' ca show ext --json
}

# ---- passwords ----
passwords()
{
	ca create pw-root --root --subject 'CN=PW Root'
	# the password command talks to a running signer
	"$build/gatehouse-signer" --socket "$dir/own/signer.sock" --key-file "$dir/own/signer.key" 2>"$dir/signer.log" &
	signer=$!
	for _ in $(seq 600); do [ -S "$dir/own/signer.sock" ] && break; sleep 0.05; done
	echo correct-horse >"$dir/ca.password"
	ca password set pw-root --password-file "$dir/ca.password"
	kill "$signer"
	wait "$signer" || true
	expect 2 'terminal' setsid "$gatehouse" ca create pw-sub --parent pw-root --subject 'CN=PW Sub' --no-urls -c "$dir/gatehouse.conf"
	expect 1 'wrong password' ca create pw-sub --parent pw-root --subject 'CN=PW Sub' --parent-password-file "$dir/wrong.password"
	ca create pw-sub --parent pw-root --subject 'CN=PW Sub' --parent-password-file "$dir/ca.password"
	ca renew pw-sub --parent-password-file "$dir/ca.password"
	expect 1 'wrong password' ca renew pw-root --new-key --password-file "$dir/wrong.password"
	ca renew pw-root --new-key --password-file "$dir/ca.password"
	is '.protection == "password"' ca show pw-root --json
	is '.protection == "password"' ca show pw-root@1 --json
	# the new key came under the same password
	ca renew pw-sub --new-key --parent-password-file "$dir/ca.password"
	has "SELECT count(*) FROM ca_password p JOIN ca ON ca.id = p.ca_id WHERE ca.name LIKE 'pw-root%'" 2
	ca retire pw-root@1 --yes
	has "SELECT count(*) FROM ca_password p JOIN ca ON ca.id = p.ca_id WHERE ca.name LIKE 'pw-root%'" 1
}

# ---- two at once, and kill -9 ----
two_at_once()
{
	local good=0 i

	ca create race --parent root --subject CN=Race --days 300
	for i in 1 2 3 4; do
		ca renew race --new-key >"$dir/race.$i" 2>&1 &
	done
	for i in $(jobs -p); do wait "$i" && good=$((good + 1)); done
	cat "$dir"/race.?
	[ "$good" -ge 1 ]
	has "SELECT count(*) FROM ca WHERE lower(name) LIKE 'race@%' AND state = 'superseded'" "$good"
	has "SELECT count(*) FROM ca WHERE name = 'race' AND state = 'active'" 1
	[ "$good" = 4 ] || grep -lE 'meanwhile|already|superseded' "$dir"/race.?
	ca renew race
}

# One row of the name that works, whatever the moment.
killed()
{
	local ms pid stopped=0

	ca create victim --parent root --subject CN=Victim --days 300
	for ms in $(seq 10 12 200); do
		ca renew victim --new-key >"$dir/out" 2>&1 &
		pid=$!
		sleep "$(printf '0.%03d' "$ms")"
		! kill -9 "$pid" 2>"$dir/kill" || stopped=$((stopped + 1))
		wait "$pid" || true
		has "SELECT count(*) FROM ca WHERE name = 'victim' AND state = 'active' AND sealed IS NOT NULL" 1
	done
	[ "$stopped" -gt 0 ]
	# the server ends what the last one has begun, and a renewal before that is refused
	until has "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database()
	    AND pid <> pg_backend_pid()" 0; do
		sleep 0.1
	done
	# each superseded key has its audit row, and nothing else has
	has "SELECT (SELECT count(*) FROM ca WHERE name LIKE 'victim@%') =
	    (SELECT count(*) FROM audit WHERE object = 'victim' AND event = 'ca.renewed')" t
	ca renew victim
	ca export victim >"$dir/victim.pem"
	ca export root >"$dir/root-now.pem"
	openssl verify -x509_strict -CAfile "$dir/root-now.pem" -no-CApath "$dir/victim.pem"
}

check "init with --base-url names CRL, certificate and OCSP of both CAs" init
check "root, CA with divided CRL, CA with name constraints" create
check "what is wrong names the option and stores nothing" refused
check "renewal of a root with the same key: both certificates, chains below follow" renew_same_key
check "renewal of a CA below, extensions kept" renew_subordinate
check "a root with a new key: OldWithNew and NewWithOld to openssl verify" renew_root_key
check "policy: set, sealed, enforced, taken back" policy
check "disabled, enabled, retired" states
check "a CA from PKCS#12" import_pkcs12
check "CAs from PEM files; the parent is found" import_pem
check "a CA signed elsewhere, and its renewal" external
check "CA keys under passwords sign and are renewed with them" passwords
check "four renewals at once: one key has the name" two_at_once
check "kill -9 in a renewal: old or new key, never neither" killed

checked
