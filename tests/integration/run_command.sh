#!/bin/bash
# The administration commands with a real PostgreSQL: what they print, store, refuse, and survive.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
[[ $build == /* ]] || build=$PWD/$build
gatehouse=$build/gatehouse
dir=$(mktemp -d /tmp/gatehouse-command.XXXXXX)
chmod 711 "$dir"
. tests/integration/check.sh
unset "${!GATEHOUSE_@}" "${!SUDO_@}"

finish()
{
	tests/servers/postgres.sh stop "$dir/postgres" >/dev/null 2>&1
	[ -n "${KEEP:-}" ] || rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

# The command with this folder's configuration.
gh()
{
	local verb=("$1")

	shift
	case ${verb[0]} in
	init | run) ;;
	*) verb+=("$1"); shift ;;
	esac
	"$gatehouse" "${verb[@]}" -c "${CONF:-$dir/gatehouse.conf}" "$@" </dev/null
}

# lacks WORD COMMAND...: it works and does not print the word
lacks()
{
	local word=$1

	shift
	"$@" >"$dir/out"
	! grep -F -- "$word" "$dir/out" || return 1
}

# write_conf FILE FOLDER [SCHEMA]
write_conf()
{
	cat >"$1" <<-END
	gateway {
		certificate = "$dir/tls.pem"
		key = "$dir/tls.key"
		run_dir = "$2"
		secret_file = "$2/gateway.secret"
		module = "$build/gatehouse.so"
	}
	database {
		conninfo = "$PGCONNINFO${3:+ options=-csearch_path=$3}"
	}
	signer {
		socket = "$2/signer.sock"
		key_file = "$2/signer.key"
		program = "$build/gatehouse-signer"
	}
	directory {
		type = openldap
		uris = "ldapi://%2Fnonexistent"
		base = "dc=example,dc=com"
	}
	END
}

# ---- help and usage ----
every_help()
{
	local n=0 usage

	while read -r -a words; do
		# 2 is CRITICAL to what watches the house, 3 is UNKNOWN
		usage=2
		[ "${words[*]}" != status ] || usage=3
		expect 0 "" "$gatehouse" "${words[@]}" --help
		grep -q "^Usage: gatehouse ${words[*]}" "$dir/out"
		grep -q '^Options:' "$dir/out"
		[ ! -s "$dir/err" ]
		expect "$usage" "--no-such-option" "$gatehouse" "${words[@]}" --no-such-option
		n=$((n + 1))
	done < <("$gatehouse" help --list)
	[ "$n" -gt 30 ]
}

versions()
{
	local version

	version=$(sed -n 's/^VERSION *:= *//p' Makefile)
	[ -n "$version" ] || return 1
	for word in version --version; do
		[ "$("$gatehouse" "$word")" = "gatehouse $version" ]
		[ "$("$build/gatehouse-signer" "$word")" = "gatehouse-signer $version" ]
	done
}

unknown_commands()
{
	expect 2 'no command "frob"' "$gatehouse" frob
	expect 2 'no command "app frob"' "$gatehouse" app frob
	expect 2 'Usage' "$gatehouse"
	expect 2 'unknown option' "$gatehouse" app list --frob
	expect 2 'missing operand' "$gatehouse" app show
	expect 2 'unexpected operand' "$gatehouse" app list x
}

full_disk()
{
	local got=0

	"$gatehouse" help --list >/dev/full 2>"$dir/err" || got=$?
	cat "$dir/err"
	[ "$got" = 1 ]
}

# ---- configuration ----
wrong_conf()
{
	printf '# a comment\ngateway {\n\t# another\n\tport = 99999\n}\n' >"$dir/bad.conf"
	CONF=$dir/bad.conf
	expect 2 "$dir/bad.conf:4: port must be" gh conf check
	expect 2 "$dir/bad.conf:4: port must be" gh init
	expect 2 "$dir/bad.conf:4: port must be" gh app list
	expect 2 "/nonexistent" env GATEHOUSE_CONF=/nonexistent "$gatehouse" ca list
}

conf_check_names_files()
{
	expect 2 "gateway.certificate: $dir/tls.pem" gh conf check
	grep -q 'signer.key_file.*gatehouse init' "$dir/err"
	expect 0 "" gh conf check --no-files
}

database_down()
{
	sed "s|host=[^ ]*|host=$dir/nowhere|" "$dir/gatehouse.conf" >"$dir/down.conf"
	CONF=$dir/down.conf
	expect 1 "database.conninfo" gh init
	[ ! -e "$dir/own/signer.key" ]
}

no_schema()
{
	expect 1 "gatehouse db migrate" gh app list
}

# ---- init ----
first_init()
{
	expect 2 "CA root: give --base-url" gh init
	[ "$(gh ca list --json)" = '[]' ]
	gh init --json --templates conf/templates --root-cdp-url http://pki.example/root.crl \
	    --root-aia-url http://pki.example/root.cer --no-urls >"$dir/init.json"
	is '[.. | .created? | select(. == true)] | length >= 6' cat "$dir/init.json"
	is '.users[0].name == "admin" and (.users[0].password | length >= 20)' cat "$dir/init.json"
	for f in gateway.secret signer.key; do
		[ "$(stat -c %a "$dir/own/$f")" = 600 ]
		grep -Eqx '[0-9A-F]{64}' "$dir/own/$f"
	done
}

second_init()
{
	local before after

	before=$(cat "$dir"/own/*.{secret,key} && gh ca list --json)
	is '[.. | .created? | select(. == true)] | length == 0' gh init --json --templates conf/templates
	after=$(cat "$dir"/own/*.{secret,key} && gh ca list --json)
	[ "$before" = "$after" ]
	lacks password gh init
}

chain_holds()
{
	gh ca export root >"$dir/root.pem"
	gh ca export issuing --chain >"$dir/chain.pem"
	[ "$(grep -c BEGIN "$dir/chain.pem")" = 2 ]
	openssl verify -x509_strict -CAfile "$dir/root.pem" "$dir/chain.pem"
	openssl x509 -in "$dir/chain.pem" -noout -text >"$dir/text"
	cat "$dir/text"
	grep -q 'URI:http://pki.example/root.crl' "$dir/text"
	grep -q 'CA Issuers - URI:http://pki.example/root.cer' "$dir/text"
	grep -q 'CA:TRUE, pathlen:0' "$dir/text"
	openssl x509 -in "$dir/root.pem" -noout -text >"$dir/text"
	grep -q 'CA:TRUE$' "$dir/text"
}

lost_key_is_not_replaced()
{
	local got=0

	mv "$dir/own/signer.key" "$dir/own/away"
	expect 2 "restore the file from a backup" gh init || got=1
	[ ! -e "$dir/own/signer.key" ] || got=1
	mv "$dir/own/away" "$dir/own/signer.key"
	return "$got"
}

damaged_key_is_told()
{
	local got=0

	cp "$dir/own/gateway.secret" "$dir/own/keep"
	echo abc >"$dir/own/gateway.secret"
	expect 2 "gateway.secret: must hold 64 hex digits" gh init || got=1
	mv "$dir/own/keep" "$dir/own/gateway.secret"
	return "$got"
}

# Killed at many points; the next run completes what was begun.
interrupted_init()
{
	local i pid folder done_early=0

	for i in 1 2 3 4 5 6; do
		folder=$dir/killed$i
		mkdir "$folder"
		psql -q "$PGCONNINFO" -c "CREATE SCHEMA killed$i"
		write_conf "$folder/conf" "$folder" "killed$i"
		CONF=$folder/conf
		"$gatehouse" init -c "$CONF" --no-urls --key-alg RSA-2048 --templates conf/templates >/dev/null 2>&1 &
		pid=$!
		sleep "0.$((i * 4 / 10))$((i * 4 % 10))"
		kill -KILL "$pid" 2>/dev/null || done_early=$((done_early + 1))
		wait "$pid" || true
		gh init --no-urls --json --templates conf/templates >"$folder/json"
		is 'map(.name) | sort == ["issuing", "root"]' gh ca list --json
		is 'length == 1' gh user list --json
		gh ca export root >"$folder/root.pem"
		gh ca export issuing --chain >"$folder/chain.pem"
		openssl verify -CAfile "$folder/root.pem" "$folder/chain.pem"
	done
	[ "$done_early" -lt 6 ] || { echo "no run was interrupted"; return 1; }
}

# A template that cannot be imported stops init after the CAs; the corrected one completes it.
init_after_a_mistake()
{
	mkdir -p "$dir/mistake" "$dir/bad-templates"
	psql -q "$PGCONNINFO" -c "CREATE SCHEMA mistake"
	write_conf "$dir/mistake/conf" "$dir/mistake" mistake
	CONF=$dir/mistake/conf
	cp conf/templates/User.json "$dir/bad-templates/"
	echo '{' >"$dir/bad-templates/Z.json"
	expect 1 "run init again" gh init --no-urls --templates "$dir/bad-templates"
	grep -q "Z.json" "$dir/err"
	rm "$dir/bad-templates/Z.json"
	is '(.cas | map(.created) == [false, false]) and .users[0].created' gh init --json \
	    --templates "$dir/bad-templates"
}

# ---- CAs ----
subordinate_ca()
{
	expect 2 'CA mobile: give --base-url' gh ca create mobile --parent root --subject CN=Mobile
	gh ca create mobile --parent root --subject 'CN=Mobile CA,O=Ex\, ample,C=DE' --key-alg P-384 --no-urls
	gh ca export mobile --chain >"$dir/mobile.pem"
	openssl verify -x509_strict -CAfile "$dir/root.pem" "$dir/mobile.pem"
	openssl x509 -in "$dir/mobile.pem" -noout -subject >"$dir/text"
	grep -qF 'C = DE, O = "Ex, ample", CN = Mobile CA' "$dir/text"
	expect 1 'already' gh ca create mobile --parent root --subject CN=x --no-urls
	expect 1 'no CA "nobody"' gh ca create other --parent nobody --subject CN=x
	expect 2 'Nonsense' gh ca create other --parent root --subject Nonsense=x --no-urls
	is '.name == "mobile" and .sealed == true' gh ca show mobile --json
	gh ca show mobile >"$dir/text"
	grep -q 'Public-Key: (384 bit)' "$dir/text"
}

below_an_issuing_ca()
{
	expect 1 "" gh ca create wrong --parent issuing --subject CN=Wrong --no-urls
	is 'map(.name) | index("wrong") == null' gh ca list --json
}

# ---- templates ----
templates()
{
	"$gatehouse" template check conf/templates/*.json
	is 'map(select(.new)) | length == 0' gh template import conf/templates/*.json --json
	jq '.description = "Changed"' conf/templates/User.json >"$dir/User.json"
	is '.[0].name == "User" and .[0].version == 2 and .[0].new' gh template import "$dir/User.json" --json
	gh template show User >"$dir/shown.json"
	is '.[0].new == false' gh template import "$dir/shown.json" --json
}

unsafe_template()
{
	jq '.name = "Unsafe" | .nameFlags = ["ENROLLEE_SUPPLIES_SUBJECT"]' conf/templates/User.json >"$dir/unsafe.json"
	expect 1 "ESC" "$gatehouse" template check "$dir/unsafe.json"
	expect 1 "ESC" gh template import "$dir/unsafe.json"
	expect 1 "nothing was imported" gh template import conf/templates/User.json "$dir/unsafe.json"
	is 'map(select(.name == "Unsafe")) | length == 0' gh template list --json
}

# ---- applications ----
app_create()
{
	gh app create mdm --template User --ca issuing --json >"$dir/app.json"
	is '(.secret | test("^[0-9A-F]{64}$")) and (.id > 0)' cat "$dir/app.json"
	[ "$(jq -r .key "$dir/app.json" | base64 -d | wc -c)" = 16 ]
	expect 1 "" gh app create mdm --template User --ca issuing
	expect 1 'no CA "nobody"' gh app create x --template User --ca nobody
	expect 1 'no template "Nothing"' gh app create x --template Nothing --ca issuing
	expect 2 '--template is needed' gh app create x --ca issuing
	expect 2 '--min-hash' gh app create x --template User --ca issuing --min-hash MD5
}

app_given_secrets()
{
	echo 'hex:00ff' >"$dir/secret"
	is '.key == "QUJD" and .secret == null' gh app create given --template User --template Computer --ca issuing \
	    --key text:ABC --secret-file "$dir/secret" --group Staff --group 'cn=a,dc=b' --min-hash SHA512 \
	    --no-signature --service-identity 'host$' --json
	is '.templates == ["User", "Computer"] and .groups == ["Staff", "cn=a,dc=b"] and .min_hash == "SHA512" and
	    .signature_required == false and .service_identity == "host$" and .enabled' gh app show given --json
	expect 1 "" gh app create again --template User --ca issuing --key base64:QUJD
}

app_switch()
{
	gh app disable mdm
	is 'map(select(.name == "mdm")) | .[0].enabled == false' gh app list --json
	gh app enable mdm
	is '.enabled' gh app show mdm --json
	expect 1 'no application "nobody"' gh app disable nobody
	expect 1 'nobody' gh app show nobody
}

app_change()
{
	local old

	gh app create tmp --template User --ca issuing --group Staff --json >"$dir/tmp.json"
	gh app set tmp --template Computer --template User --min-hash SHA256
	is '.templates == ["Computer", "User"] and .min_hash == "SHA256" and .groups == ["Staff"] and
	    .signature_required' gh app show tmp --json
	gh app set tmp --group "" --no-signature --service-identity 'bridge$'
	is '.groups == [] and .signature_required == false and .service_identity == "bridge$"' gh app show tmp --json
	gh app set tmp --ca-by-rule
	is '.ca == null' gh app show tmp --json
	gh app set tmp --ca issuing
	is '.ca == "issuing"' gh app show tmp --json
	gh app set tmp --service-identity "" --signature
	is '.service_identity == null and .signature_required' gh app show tmp --json
	expect 2 'exclude each other' gh app set tmp --ca issuing --ca-by-rule
	expect 2 '--ca needs a name' gh app create x --template User --ca ''
	expect 2 'nothing to change' gh app set tmp
	expect 2 '--min-hash' gh app set tmp --min-hash MD5
	expect 1 'no CA "nobody"' gh app set tmp --ca nobody
	expect 1 'no template "Nothing"' gh app set tmp --template Nothing
	expect 1 'no application "nobody"' gh app set nobody --ca issuing
	is 'map(select(.event == "app.changed")) | .[-1].detail == "service_identity, signature_required" or
	    .[0].detail == "service_identity, signature_required"' gh audit list --limit 0 --json
}

app_rotate()
{
	local before after

	before=$(psql -At "$PGCONNINFO" -c "SELECT key_index, secret_sealed FROM application WHERE name = 'tmp'")
	is '(.secret | test("^[0-9A-F]{64}$")) and .key == null' gh app rotate tmp --json
	after=$(psql -At "$PGCONNINFO" -c "SELECT key_index, secret_sealed FROM application WHERE name = 'tmp'")
	[ "${before%%|*}" = "${after%%|*}" ]
	[ "${before#*|}" != "${after#*|}" ]
	is '(.key | length) == 24' gh app rotate tmp --new-key --json
	[ "$(psql -At "$PGCONNINFO" -c "SELECT key_index FROM application WHERE name = 'tmp'")" != "${after%%|*}" ]
	expect 1 'no application "nobody"' gh app rotate nobody
}

app_delete()
{
	local id

	id=$(gh app show tmp --json | jq .id)
	psql -q "$PGCONNINFO" -c "INSERT INTO request (protocol, app_id, app_name, requester, requester_dn, requester_kind,
	    address, cert_only, disposition, status_code, message, submitted_at) VALUES (3, $id, 'tmp', 'x', '', 1, '', false,
	    9, 0, '', now())"
	expect 1 '1 pending requests' gh app delete tmp --yes
	is '.enabled' gh app show tmp --json
	psql -q "$PGCONNINFO" -c "DELETE FROM request WHERE app_id = $id"
	expect 2 '--yes' setsid "$gatehouse" app delete tmp -c "$dir/gatehouse.conf"
	gh app delete tmp --yes
	expect 1 'no application "tmp"' gh app delete tmp --yes
	expect 1 'tmp' gh app show tmp
	gh db status
	is 'any(.[]; .event == "app.deleted" and .object == "tmp")' gh audit list --limit 0 --json
}

no_secret_leaks()
{
	local secret

	secret=$(jq -r .secret "$dir/app.json")
	[ "${#secret}" = 64 ]
	lacks "$secret" gh app list --json
	lacks "$secret" gh audit list --limit 0 --json
	lacks "$secret" psql -At "$PGCONNINFO" -c 'SELECT * FROM application'
	[ "$(psql -At "$PGCONNINFO" -c 'SELECT count(*) FROM application')" = 2 ]
}

# ---- users ----
users()
{
	echo 'long enough' >"$dir/pw"
	echo 'short' >"$dir/short"
	gh user create olga --role officer --role auditor --password-file "$dir/pw"
	is 'map(select(.name == "olga")) | length == 1' gh user list --json
	expect 1 'already' gh user create olga --role officer --password-file "$dir/pw"
	expect 2 'too short' gh user create ivan --role officer --password-file "$dir/short"
	expect 2 'unknown role' gh user create ivan --role king --password-file "$dir/pw"
	expect 2 'no terminal' setsid "$gatehouse" user create ivan -c "$dir/gatehouse.conf" --role officer
	: >"$dir/empty"
	expect 2 'empty' gh user create ivan --role officer --password-file "$dir/empty"
}

user_password()
{
	local before after

	before=$(psql -At "$PGCONNINFO" -c "SELECT hash FROM admin_user WHERE name = 'olga'")
	echo 'another one' | "$gatehouse" user passwd olga -c "$dir/gatehouse.conf" --password-file -
	after=$(psql -At "$PGCONNINFO" -c "SELECT hash FROM admin_user WHERE name = 'olga'")
	[[ $before == '$2'* && $after == '$2'* && $before != "$after" ]]
	expect 1 'no user "nobody"' gh user passwd nobody --password-file "$dir/pw"
	gh user disable olga
	is 'map(select(.name == "olga")) | .[0].enabled == false' gh user list --json
	gh user enable olga
}

# ---- the rest ----
metadata()
{
	echo '[{"name":"Owner","type":1,"required":true},{"name":"Count","type":2,"required":false}]' >"$dir/fields"
	gh metadata set "$dir/fields"
	is 'map(.name) | sort == ["Count", "Owner"]' gh metadata list --json
	echo '[{"name":"New","type":1},{"name":"Bad","type":9}]' >"$dir/fields"
	expect 1 "" gh metadata set "$dir/fields"
	is 'map(.name) | index("New") == null' gh metadata list --json
	echo '{' >"$dir/fields"
	expect 2 "$dir/fields" gh metadata set "$dir/fields"
}

names()
{
	gh name add dns WWW.Shop.Example. .shop.example --group Web --comment 'ticket 1'
	is 'map(.pattern) == ["www.shop.example", ".shop.example"] and .[0].owner == "group:Web"' gh name list --json
	is '.changed == 0 and .total == 2' gh name add dns .shop.example --group Web --comment 'ticket 1' --json
	expect 2 "one of --group and --user" gh name add dns a.example
	expect 1 "not by bob" gh name add dns a.example --user bob
	expect 1 "everybody" gh name add dns a.example --group 'Domain Users'
	expect 1 "A-labels" gh name add dns münchen.example --group Web
	printf '\357\273\277kind,pattern,owner,comment\r\ndns,a.example,group:Web,"one, ""two"""\r\n\r\nip,10.1.0.0/16,"user:uid=bob,dc=test"\r\n' >"$dir/names"
	is '.changed == 2 and .total == 4' gh name import --dry-run "$dir/names" --json
	is 'length == 2' gh name list --json
	gh name import "$dir/names"
	is 'map(.comment) == ["ticket 1", "ticket 1", "one, \"two\""]' gh name list --group Web --json
	is 'length == 1' gh name list --user uid=bob,dc=test --kind ip --json
	printf 'dns,b.example,group:Web\ndns,b..example,group:Web\nupn,b.example,group:Web\ndns,"c.example,group:Web\ndns,c.example\ndns,B.example.,group:Web\na,b,c,d,e\n' >"$dir/names"
	expect 1 "names:2: pattern:" gh name import "$dir/names"
	expect 1 "names:3: kind:" gh name import "$dir/names"
	expect 1 "names:4: a quoted field" gh name import "$dir/names"
	expect 1 "names:5: needs kind,pattern,owner" gh name import "$dir/names"
	expect 1 'names:6: pattern: "b.example" is there twice' gh name import "$dir/names"
	expect 1 "names:7: has more than 4 fields" gh name import "$dir/names"
	expect 1 "6 wrong lines: nothing was imported" gh name import "$dir/names"
	printf 'dns,\377.example,group:Web\ndns,a\000b,group:Web\n' >"$dir/names"
	expect 1 "names:1: is not UTF-8" gh name import "$dir/names"
	expect 1 "names:2: is not UTF-8" gh name import "$dir/names"
	: >"$dir/names"
	expect 1 "has no names" gh name import "$dir/names"
	expect 1 '"z.example" is not in the list' gh name remove dns a.example z.example --group Web
	is 'length == 4' gh name list --json
	gh name remove dns a.example .shop.example www.shop.example --group Web
	is 'map(.pattern) == ["10.1.0.0/16"]' gh name list --json
	gh name remove ip 10.1.0.0/16 --user uid=bob,dc=test
}

nothing_issued_yet()
{
	# CA certificates that our root signed, and nothing else
	is 'all(.[]; .template == null) and (map(.subject) | contains(["CN=Gatehouse Issuing CA"]))' gh cert list --json
	is '. == []' gh request list --json
	[ "$(gh request list)" = "(none)" ]
	expect 1 'no certificate' gh cert show 4711
	expect 1 'no request 4711' gh request show 4711
	expect 1 'no request 4711' gh request approve 4711
	expect 2 'no request id' gh request deny x
}

audit()
{
	is "map(select(.event | startswith(\"app.\"))) | length >= 4" gh audit list --limit 0 --json
	is "all(.[]; .id > 0)" gh audit list --limit 0 --json
	is 'length == 3' gh audit list --limit 3 --json
	is '(.[0].id) < (.[1].id)' gh audit list --limit 2 --oldest-first --json
	gh audit list --limit 0 --json >"$dir/audit"
	grep -qF "$(person "$(id -un)")@" "$dir/audit"
}

# Who is logged in, as pam_loginuid says it; else the one given.
person()
{
	local login

	login=$(cat /proc/self/loginuid 2>/dev/null || echo 4294967295)
	if [ "$login" = 4294967295 ]; then echo "$1"; else id -un "$login"; fi
}

tables_for_people()
{
	local l

	for l in app ca template user metadata audit; do
		gh "$l" list >"$dir/table"
		cat "$dir/table"
		[ "$(wc -l <"$dir/table")" -ge 2 ]
		# every column of a table has a value in some row
		awk 'NR == 1 { next } { all = all $0 } END { exit all ~ /[A-Za-z]/ ? 0 : 1 }' "$dir/table"
	done
	gh db status >"$dir/text"
	grep -q ok "$dir/text"
}

mkdir "$dir/own"
tests/servers/postgres.sh start "$dir/postgres" >"$dir/postgres.log" 2>&1 ||
    { cat "$dir/postgres.log"; echo "not ok 1 - PostgreSQL starts"; exit 1; }
. "$dir/postgres/env"
write_conf "$dir/gatehouse.conf" "$dir/own"

# Packages for EST clients: looked over before they are kept, sealed where they are keys.
packages()
{
	local made=$dir/packages key=$dir/packages/good.symmetric-keys.signed

	mkdir "$made"
	/usr/bin/python3 -B tests/e2e/packages.py "$made"
	is '.signature == "correct" and .id > 0' gh package add "$made/good.firmware.signed" --type firmware --for group:Routers --json
	expect 1 'this is no symmetric-keys' gh package add "$made/bare.firmware.without-certificate" --type symmetric-keys --for all
	expect 1 'there is a package of this kind with this identifier' gh package add "$made/good.firmware.signed" --type firmware --for all
	expect 1 'must be signed' gh package add "$made/bad.tamp-update.unsigned" --type tamp-update --for all
	expect 1 'signature of the package is wrong' gh package add "$made/bad.firmware.altered" --type firmware --for all
	expect 2 'no type of package' gh package add "$made/good.firmware.bare" --type software --for all
	expect 1 'for whom' gh package add "$made/good.firmware.bare" --type firmware --for everybody
	expect 1 'LABEL the label of EST' gh package add "$made/good.firmware.bare" --type firmware --for device:CN=a
	expect 1 'give an id' gh package add "$made/good.firmware.bare" --type firmware --for all --answer
	expect 1 'names itself' gh package add "$made/good.symmetric-keys.signed" --type symmetric-keys --for all --id 01
	expect 1 'expired already' gh package add "$made/good.firmware.bare" --type firmware --for all --until 2020-01-01
	is '.warning == null' gh package add "$made/good.firmware.bare" --type firmware --for device:a.b/CN=a --answer --id 0A0b --until 2037-01-31 --json
	is '.warning | contains("not encrypted")' gh package add "$key" --type symmetric-keys --for user:alice --name 'link keys' --json
	is '[.[] | [.kind, .name, .audience, .wants_receipt, .sealed, .reference, .expires_at]] == [
		["firmware", "good.firmware.signed", "group:Routers", false, false, .[0].reference, null],
		["firmware", "good.firmware.bare", "device:a.b/CN=a", true, false, "04020A0B", "2037-01-31T00:00:00Z"],
		["symmetric-keys", "link keys", "user:alice", true, true, "69642D31", null]]' gh package list --json
	last=$(gh package list --json | jq '.[-1].id')
	expect 1 'for whom' gh package set "$last" --for nobody
	expect 1 'there is no package 999' gh package set 999 --for all
	gh package set "$last" --for est-user:alice
	is '.[-1].audience == "est-user:alice"' gh package list --json
	gh package set "$last" --for user:alice
	is '.media_type == "application/cms; encapsulatingContent=signedData; innerContent=sKeyPackage" and .signed' \
		gh package show "$last" --json
	gh package list >"$dir/text"
	grep -q 'link keys' "$dir/text"
}

# No dump shows a key, and nothing is served that was not put in.
packages_at_rest()
{
	local id attack

	pg_dump -d "$PGCONNINFO" -t package -t package_content >"$dir/dump"
	grep -q package_content "$dir/dump"
	! grep -qi "$(printf 'k%.0s' {1..16} | od -An -tx1 | tr -d ' \n')" "$dir/dump" || return 1
	id=$(gh package list --json | jq '.[0].id')
	gh package show "$id"
	psql -qd "$PGCONNINFO" -c "CREATE TABLE kept AS SELECT * FROM package_content" \
		-c "UPDATE package_content SET content = content || '\\x00' WHERE package_id = $id"
	expect 1 "the content of package $id was changed" gh package show "$id"
	psql -qd "$PGCONNINFO" -c "UPDATE package_content SET content = k.content FROM kept k WHERE k.package_id = package_content.package_id"
	gh package show "$id"
	for attack in "UPDATE package SET audience = 'all' WHERE id = $id" \
		"UPDATE package SET kind = 'tamp-update' WHERE id = $id" \
		"UPDATE package SET expires_at = 4000000000 WHERE id = $id" \
		"UPDATE package SET wants_receipt = NOT wants_receipt WHERE id = $id" \
		"INSERT INTO package (kind, name, audience, sha256, size, sealed, wants_receipt, added_at) SELECT kind, name, audience, sha256, size, sealed, wants_receipt, added_at FROM package WHERE id = $id" \
		"DELETE FROM package WHERE id = $id"; do
		echo "$attack"
		psql -qd "$PGCONNINFO" -c "CREATE TABLE kept_rows AS SELECT * FROM package" -c "$attack"
		expect 1 'changed past' gh package list
		psql -qd "$PGCONNINFO" -c "DELETE FROM package" -c "INSERT INTO package OVERRIDING SYSTEM VALUE SELECT * FROM kept_rows" \
			-c "INSERT INTO package_content SELECT * FROM kept ON CONFLICT DO NOTHING" -c "DROP TABLE kept_rows"
		gh package list >/dev/null
	done
}

# What was removed comes back by nobody's hand but an administrator's.
packages_removed()
{
	local id

	id=$(gh package list --json | jq '.[0].id')
	psql -qd "$PGCONNINFO" -c "CREATE TABLE kept_rows AS SELECT * FROM package"
	gh package remove "$id" --yes
	expect 1 "there is no package $id" gh package remove "$id" --yes
	expect 1 'package' gh package show "$id"
	psql -qd "$PGCONNINFO" -c "INSERT INTO package OVERRIDING SYSTEM VALUE SELECT * FROM kept_rows WHERE id = $id"
	expect 1 'changed past' gh package list
	psql -qd "$PGCONNINFO" -c "DELETE FROM package WHERE id = $id"
	is "[.[] | select(.event | startswith(\"package.\"))] | map(.event) == [\"package.added\", \"package.added\", \"package.added\", \"package.changed\", \"package.changed\", \"package.removed\"]" \
		gh audit list --oldest-first --json --limit 0
}

check "every command explains itself" every_help
check "both programs tell their version, in either spelling" versions
check "unknown commands, options and operands are told" unknown_commands
check "a full disk is a failure" full_disk
check "a wrong configuration is told with file and line" wrong_conf
check "conf check names missing files" conf_check_names_files
check "init without database makes nothing" database_down
check "a database without schema is told" no_schema
check "init makes secrets, CAs, templates, administrator" first_init
check "init again changes nothing" second_init
check "the chain holds and carries the root's URLs" chain_holds
check "a lost key file is not replaced" lost_key_is_not_replaced
check "a damaged secret file is told" damaged_key_is_told
check "an interrupted init is completed by the next" interrupted_init
check "init goes on after a mistake is corrected" init_after_a_mistake
check "a subordinate CA" subordinate_ca
check "an issuing CA signs no CA" below_an_issuing_ca
check "templates are imported, versioned, shown" templates
check "an unsafe template is refused" unsafe_template
check "an application with generated key and secret" app_create
check "an application with given key and secret" app_given_secrets
check "an application is disabled and enabled" app_switch
check "an application is changed" app_change
check "an application gets a new secret" app_rotate
check "an application is deleted, its history stays" app_delete
check "no secret is shown or stored in the clear" no_secret_leaks
check "local administrators" users
check "passwords of local administrators" user_password
check "metadata fields" metadata
check "names and their owners" names
check "packages for EST clients (X-070 to X-079)" packages
check "packages at rest: sealed, and found out when altered" packages_at_rest
check "a package that was removed does not come back" packages_removed
check "lists of nothing, and what is not there" nothing_issued_yet
check "the audit record names who did it" audit
check "tables for people" tables_for_people
checked
