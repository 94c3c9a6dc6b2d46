#!/bin/bash
# `gatehouse setup` with a real PostgreSQL (peer authentication, as Debian installs it), slapd and Samba as a domain: what
# it asks, checks, makes, refuses, and finds again. Needs root, as the command does; calls sudo -n otherwise.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tests/servers/free-port.sh
build=${BUILD:-build}
[[ $build == /* ]] || build=$PWD/$build
gatehouse=$build/gatehouse
if [ "$(id -u)" != 0 ]; then
	exec sudo -n BUILD="$build" KEEP="${KEEP:-}" SAMBA_CACHE="${SAMBA_CACHE:-}" bash "$0" "$@"
fi
# provisioned once for all tests
export SAMBA_CACHE=${SAMBA_CACHE:-$PWD/var/samba}
# Stand-ins for gatehouse and gatehouse-signer, which only the package makes: users that every Debian has.
user=daemon signer_user=bin
dir=$(mktemp -d /tmp/gatehouse-setup-test.XXXXXX)
chmod 711 "$dir"
. tests/integration/check.sh
unset "${!GATEHOUSE_@}" "${!SUDO_@}"

finish()
{
	[ ! -d "$dir/samba" ] || tests/servers/samba.sh clean "$dir/samba" >/dev/null 2>&1
	tests/servers/slapd.sh stop "$dir/slapd" >/dev/null 2>&1
	tests/servers/postgres.sh stop "$dir/postgres" >/dev/null 2>&1
	[ -n "${KEEP:-}" ] || rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

# setup CASE OPTION...: into a folder of its own; programs from the build, not from the package
setup()
{
	local case=$1

	shift
	setsid "$gatehouse" setup -c "$dir/$case/etc/gatehouse.conf" --state-dir "$dir/$case/state" --yes \
	    --user "$user" --signer-user "$signer_user" --templates conf/templates \
	    --set "gateway.module=$build/gatehouse.so" --set "signer.program=$build/gatehouse-signer" \
	    --set "gateway.run_dir=$dir/$case/run" --set "signer.socket=$dir/$case/signer/signer.sock" \
	    --set gateway.workers=1 --listen 127.0.0.1 --port "$port" --http-port "$http_port" \
	    --hostname localhost "$@" </dev/null
}

# The same with the sample company's slapd and the role that peer authentication gives the user.
openldap()
{
	local case=$1

	shift
	setup "$case" --db "host=$PGSOCKETDIR dbname=gh_$case user=$user" --directory-uri "$LDAP_URI" \
	    --directory-ca "$LDAP_CAFILE" --directory-user "$LDAP_BIND_DN" \
	    --directory-password-file "$LDAP_PASSWORD_FILE" "$@"
}

ad()
{
	local case=$1

	shift
	setup "$case" --db "host=$PGSOCKETDIR dbname=gh_$case user=$user" --directory-uri "$AD_URI" \
	    --directory-ca "$AD_CAFILE" --directory-user "svc-gw@ad.test" \
	    --directory-password-file "$AD_PASSWORD_FILE" "$@"
}

# The command with the configuration of a case, as root.
gh()
{
	local case=$1

	shift
	"$gatehouse" "$@" -c "$dir/$case/etc/gatehouse.conf" </dev/null
}

admin_psql()
{
	setpriv --reuid postgres --regid postgres --init-groups psql -XAtq -h "$PGSOCKETDIR" -d postgres "$@"
}

prepare_case()
{
	mkdir -p "$dir/$1"
	chmod 711 "$dir/$1"
}

# ---- the first set-up ----
makes_everything()
{
	prepare_case first
	expect 0 "" openldap first --credentials "$dir/first" --base-url "http://localhost:$http_port"
	grep -q 'database *role *created' "$dir/out"
	grep -q 'database *gh_first *created' "$dir/out"
	grep -q 'password .* (shown this once)' "$dir/out"
	grep -q 'Next:' "$dir/out"
	[ "$(base64 -d <"$dir/first/app.key" | wc -c)" = 16 ]
	grep -Eqx '[0-9A-F]{64}' "$dir/first/app.secret"
}

# MODE OWNER GROUP FILE
has()
{
	[ "$(stat -c '%a %U %G' "$4")" = "$1 $2 $3" ] || { stat -c '%a %U %G %n' "$4"; return 1; }
}

modes_and_owners()
{
	local etc=$dir/first/etc

	has 640 root "$user" "$etc/gatehouse.conf"
	has 640 root "$user" "$etc/ldap.password"
	has 640 root "$user" "$etc/gateway.secret"
	has 600 "$signer_user" "$signer_user" "$etc/signer.key"
	has 600 "$user" "$user" "$dir/first/state/tls/server.pem"
	has 700 "$user" "$user" "$dir/first/state/tls"
	has 600 root root "$dir/first/app.secret"
	! grep -rq "$(cat "$LDAP_PASSWORD_FILE")" "$etc/gatehouse.conf" "$dir/out" || return 1
}

settings()
{
	local conf=$dir/first/etc/gatehouse.conf

	cat "$conf"
	grep -qF "base = \"$LDAP_BASE\"" "$conf"
	grep -qF 'type = "openldap"' "$conf"
	gh first conf check
	is 'map(.name) | sort == ["issuing", "root"]' gh first ca list --json
}

certificates_carry_urls()
{
	gh first ca export issuing >"$dir/issuing.pem"
	gh first ca export root >"$dir/root.pem"
	for c in "$dir/issuing.pem" "$dir/first/state/tls/server.pem"; do
		openssl x509 -in "$c" -noout -text >"$dir/text"
		grep -q "URI:http://localhost:$http_port/crl/" "$dir/text"
		grep -q "CA Issuers - URI:http://localhost:$http_port/ca/" "$dir/text"
		grep -q "OCSP - URI:http://localhost:$http_port/ocsp" "$dir/text"
	done
	openssl verify -x509_strict -purpose sslserver -verify_hostname localhost -CAfile "$dir/root.pem" \
	    -untrusted "$dir/issuing.pem" "$dir/first/state/tls/server.pem"
	is '[.[] | select(.event == "server.certificate-issued")] | length == 1' gh first audit list --limit 0 --json
}

state_of()
{
	cat "$dir/$1"/etc/* "$dir/$1/state/tls/server.pem"
	gh "$1" ca list --json
	gh "$1" app list --json
	gh "$1" user list --json
	gh "$1" cert list --json
	gh "$1" audit list --limit 0 --json
}

second_run_changes_nothing()
{
	state_of first >"$dir/before"
	expect 0 "" openldap first
	! grep -E 'created$|password' "$dir/out" || return 1
	is '[.. | .created? | select(. == true)] | length == 0' openldap first --json
	state_of first >"$dir/after"
	cmp "$dir/before" "$dir/after"
}

second_run_refuses_other_answers()
{
	expect 1 "setup changes no existing configuration" openldap first --directory-base dc=other,dc=test
	expect 1 "gateway.threads" openldap first --set gateway.threads=7
	state_of first >"$dir/after"
	cmp "$dir/before" "$dir/after"
}

# docs/several-nodes.md: the folder of the configuration is copied; the server certificate is the node's own.
second_node_gets_a_certificate()
{
	mv "$dir/first/state" "$dir/first/state.one"
	expect 0 "" "$gatehouse" setup --yes -c "$dir/first/etc/gatehouse.conf" --state-dir "$dir/first/state" \
	    --user "$user" --signer-user "$signer_user" --allow-unresolved --hostname pki2.example.test \
	    --name pki.example.test
	openssl x509 -in "$dir/first/state/tls/server.pem" -noout -ext subjectAltName >"$dir/names.two"
	grep -q 'DNS:pki2.example.test.*DNS:pki.example.test' "$dir/names.two" || { cat "$dir/names.two"; return 1; }
	openssl x509 -in "$dir/first/state/tls/server.pem" -noout -serial >"$dir/serial.two"
	! openssl x509 -in "$dir/first/state.one/tls/server.pem" -noout -serial | cmp -s - "$dir/serial.two" || return 1
	rm -rf "$dir/first/state"
	mv "$dir/first/state.one" "$dir/first/state"
}

start_gateway()
{
	"$gatehouse" run -c "$dir/$1/etc/gatehouse.conf" >"$dir/$1/log" 2>&1 </dev/null &
	gateway_pid=$!
	trap 'kill "$gateway_pid" 2>/dev/null; wait "$gateway_pid"' EXIT # of the subshell of check
	for _ in $(seq 1200); do
		grep -q '^ready:' "$dir/$1/log" && return
		kill -0 "$gateway_pid" || break
		sleep 0.1
	done
	cat "$dir/$1/log"
	return 1
}

gateway_enrolls()
{
	mkdir -p "$dir/alice"
	start_gateway first
	echo "$LDAP_PASSWORD" >"$dir/alice/password"
	"$gatehouse" enroll --url "https://localhost:$port" --cacert "$dir/root.pem" \
	    --app-key "$(cat "$dir/first/app.key")" --app-secret-file "$dir/first/app.secret" --user "$LDAP_USER" \
	    --password-file "$dir/alice/password" --template User --out-dir "$dir/alice"
	openssl verify -CAfile "$dir/root.pem" -untrusted "$dir/alice/chain.pem" "$dir/alice/cert.pem"
}

# browse PATH [CURL-OPTION...]: as a browser, with the cookies so far
browse()
{
	local path=$1

	shift
	curl -sS --noproxy '*' --cacert "$dir/root.pem" -b "$dir/jar" -c "$dir/jar" -H 'Accept: text/html' \
	    -H "Origin: https://localhost:$port" -H 'Sec-Fetch-Site: same-origin' "$@" "https://localhost:$port$path"
}

# The hidden token of the last form of a page.
token_of()
{
	grep -o 'name="csrf" value="[^"]*"' "$1" | tail -n 1 | cut -d '"' -f 4
}

# Nobody has touched the configuration: alice logs in, chooses from what there is, and her server waits for an officer.
browser_finds_the_form()
{
	local answer

	start_gateway first
	: >"$dir/jar"
	browse /login >"$dir/page"
	browse /login -o "$dir/page" -D "$dir/head" --data-urlencode "csrf=$(token_of "$dir/page")" \
	    --data-urlencode "user=$LDAP_USER" --data-urlencode "password=$LDAP_PASSWORD" -d next=/csr/upload
	grep -qi '^location: /csr/upload' "$dir/head"
	browse /csr/upload >"$dir/page"
	for purpose in server_auth client_auth email_protection; do
		grep -qF "value=\"$purpose\"" "$dir/page" || { cat "$dir/page"; return 1; }
	done
	# not hers: the template is for a group that she is not in
	! grep -qF 'value="code_signing"' "$dir/page" || return 1
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/www.key" -out "$dir/www.csr" \
	    -subj /CN=www.example.test -addext subjectAltName=DNS:www.example.test
	browse /csr/process -o "$dir/page" -D "$dir/head" -F "csrf=$(token_of "$dir/page")" -F "csr_file=@$dir/www.csr" \
	    -F common_name=www.example.test -F purpose_category=server_auth
	cat "$dir/head"
	answer=$(sed -n 's,^[Ll]ocation: /requests/\([0-9]*\).*,\1,p' "$dir/head")
	is '.state == "pending" and .template == "WebServer"' gh first request show "$answer" --json
	is 'map(select(.name == "csr-form")) | .[0].templates | sort == ["CodeSigning", "SMIME", "User", "WebServer"]' \
	    gh first app list --json
	# the key of this application was shown to nobody
	[ "$(ls "$dir/first" | grep -c '^app\.')" = 2 ]
}

no_form_by_wish()
{
	prepare_case formless
	expect 0 "" openldap formless --no-urls --no-csr-form
	! grep -q '^csr' "$dir/formless/etc/gatehouse.conf" || return 1
	is 'map(.name) == ["clients"]' gh formless app list --json
	# one that the administrator names is his own
	prepare_case named
	expect 0 "" openldap named --no-urls --set csr.application=clients
	grep -qF 'application = "clients"' "$dir/named/etc/gatehouse.conf"
	is 'map(.name) == ["clients"]' gh named app list --json
}

renewal_is_recorded()
{
	is "map(select(.name == \"server-certificate@$(hostname)\")) | .[0].detail == \"renewed\"" gh first job list --json
}

# A revoked server certificate is renewed at once; the running gateway takes the new one over.
server_certificate_is_renewed()
{
	local pem=$dir/first/state/tls/server.pem old seen

	old=$(openssl x509 -in "$pem" -noout -serial)
	start_gateway first
	gh first crl issue --ca issuing
	gh first job run server-certificate >"$dir/text"
	grep 'valid until' "$dir/text"
	[ "$old" = "$(openssl x509 -in "$pem" -noout -serial)" ]
	gh first cert revoke "${old#serial=}" --reason superseded --yes
	gh first job run server-certificate --background
	for _ in $(seq 1200); do
		openssl s_client -connect "localhost:$port" </dev/null >"$dir/served" 2>/dev/null || true
		seen=$(openssl x509 -in "$dir/served" -noout -serial) || true
		[ "$seen" = "$old" ] || [ -z "$seen" ] || break
		sleep 0.1
	done
	echo "$old $seen"
	[ "$seen" != "$old" ]
	[ "$seen" = "$(openssl x509 -in "$pem" -noout -serial)" ]
	has 600 "$user" "$user" "$pem"
	openssl verify -verify_hostname localhost -CAfile "$dir/root.pem" -untrusted "$dir/issuing.pem" "$pem"
	# the file is exchanged a moment before the run is recorded
	for _ in $(seq 1200); do
		! renewal_is_recorded || break
		sleep 0.1
	done
	renewal_is_recorded
	# by hand, as root: the file stays the gateway's
	gh first cert revoke "${seen#serial=}" --reason superseded --yes
	gh first job run server-certificate | grep renewed
	has 600 "$user" "$user" "$pem"
}

# ---- diagnosis ----
# The states of the findings with a code, as in: [ "$(states url-crl)" = ok ]
states()
{
	jq -r "[.[] | select(.code == \"$1\") | .state] | unique | join(\" \")" "$dir/doctor"
}

# ask_doctor STATUS
ask_doctor()
{
	local got=0

	gh first doctor --json >"$dir/doctor" || got=$?
	jq -c '.[] | select(.state != "ok")' "$dir/doctor"
	[ "$got" = "$1" ]
	# whatever is wrong comes with what to do
	is 'all(.[]; (.state == "ok") == (.todo == null)) and all(.[]; .what != "")' cat "$dir/doctor" >/dev/null 2>&1
}

doctor_finds_all_well()
{
	start_gateway first
	for _ in $(seq 1200); do
		[ "$(gh first job list --json | jq 'all(.[]; .outcome == "success")')" != true ] || break
		sleep 0.1
	done
	ask_doctor 0
	for code in user file-access signer-key database database-schema database-clock catalog directory-login \
	    directory-base signer server-certificate server-renewal gateway ca-certificate ca-key url-crl url-certificate \
	    url-ocsp job; do
		[ "$(states "$code")" = ok ] || { echo "$code: $(states "$code")"; return 1; }
	done
	gh first doctor | grep ' 0 errors$'
	[ "$(gh first doctor --quiet | grep -c '^ok ')" = 0 ]
	# with other eyes than the gateway's
	expect 1 "" setpriv --reuid "$signer_user" --regid "$signer_user" --clear-groups "$gatehouse" doctor \
	    -c "$dir/first/copy.conf" || expect 2 "cannot be read" setpriv --reuid "$signer_user" --regid "$signer_user" \
	    --clear-groups "$gatehouse" doctor -c "$dir/first/etc/gatehouse.conf"
}

doctor_finds_what_is_wrong()
{
	local etc=$dir/first/etc

	ask_doctor 1
	for code in gateway signer url-crl url-certificate url-ocsp; do
		[ "$(states "$code")" = error ] || { echo "$code: $(states "$code")"; return 1; }
	done
	chmod 644 "$etc/gateway.secret"
	chown "$user" "$etc/signer.key"
	chmod 600 "$etc/ldap.password"
	ask_doctor 1
	chmod 640 "$etc/gateway.secret"
	chown "$signer_user" "$etc/signer.key"
	chmod 640 "$etc/ldap.password"
	[ "$(states file-mode)" = error ]
	[ "$(states signer-key)" = error ]
	jq -e '.[] | select(.code == "file-access" and .state == "error") | .what | test("password_file")' "$dir/doctor"
	chmod 644 "$etc/signer.key"
	ask_doctor 1
	chmod 600 "$etc/signer.key"
	[ "$(states signer-key)" = error ]
}

# The gateway answers at the URL, but with the CRL of another CA: that is no answer.
doctor_reads_the_answers()
{
	start_gateway first
	gh first ca set issuing --cdp-url "http://localhost:$http_port/crl/root.crl" \
	    --aia-url "http://localhost:$http_port/ca/root.cer"
	ask_doctor 1
	jq -e '.[] | select(.code == "url-crl" and .state == "error") | .what | test("not signed by the CA")' "$dir/doctor"
	jq -e '.[] | select(.code == "url-certificate" and .state == "error") | .what | test("not the certificate")' \
	    "$dir/doctor"
	jq -e '[.[] | select(.code == "url-crl" and .state == "error") | .todo | test("this gateway that answers")] | all' \
	    "$dir/doctor"
	gh first ca set issuing --base-url "http://localhost:$http_port"
	ask_doctor 0
}

directory_test()
{
	local conf=$dir/first/etc/gatehouse.conf

	gh first directory test alice --json >"$dir/json"
	is 'all(.findings[]; .state == "ok")' cat "$dir/json"
	is '.entry.attributes.mail[0] == "alice@example.test" and (.entry.groups | length > 0)' cat "$dir/json"
	gh first directory test alice >"$dir/text"
	grep -q 'directory-login' "$dir/text"
	grep -q 'Fields that templates use' "$dir/text"
	gh first directory test alice --password-file "$dir/alice/password" | grep 'directory-password *accepted'
	echo wrong >"$dir/wrong.password"
	expect 1 "" gh first directory test alice --password-file "$dir/wrong.password"
	grep -q 'ERROR *directory-password' "$dir/out"
	expect 1 "" gh first directory test nobody-at-all
	grep -q 'ERROR *directory-user' "$dir/out"
	expect 2 "needs USER" gh first directory test --password
	sed 's/base = .*/base = "dc=nowhere"/' "$conf" >"$dir/first/etc/other.conf"
	chmod 644 "$dir/first/etc/other.conf"
	expect 1 "" "$gatehouse" directory test -c "$dir/first/etc/other.conf"
	grep -q 'ok *directory-login' "$dir/out"
	grep -q 'ERROR *directory-base' "$dir/out"
	grep -q 'check directory.base' "$dir/out"
	sed 's,uris = .*,uris = "ldaps://no-such-host.invalid",' "$conf" >"$dir/first/etc/other.conf"
	expect 1 "" "$gatehouse" directory test -c "$dir/first/etc/other.conf"
	grep -q 'ERROR *directory-resolve' "$dir/out"
	rm "$dir/first/etc/other.conf"
}

# ---- who did it ----
the_person_is_recorded()
{
	local login want

	login=$(cat /proc/self/loginuid 2>/dev/null || echo 4294967295)
	want="sys@$(hostname) as root"
	[ "$login" = 4294967295 ] || want="$(id -un "$login")@$(hostname)"
	SUDO_USER=sys SUDO_UID=$(id -u sys) gh first app disable clients
	is "any(.[]; .event == \"app.disabled\" and (.who | startswith(\"$want\")))" gh first audit list --limit 0 --json
	gh first app enable clients
}

# ---- jobs ----
sql()
{
	admin_psql -d gh_first "$@"
}

everything()
{
	setpriv --reuid postgres --regid postgres --init-groups pg_dump -h "$PGSOCKETDIR" --data-only gh_first |
	    grep -v restrict | md5sum # pg_dump draws a random word for \\restrict
}

# would WHAT JOB [FILE]: a dry run of the job says it, and changes nothing at all
would()
{
	local before

	before=$(everything)
	"$gatehouse" job run "$2" --dry-run -c "$dir/first/etc/${3:-gatehouse.conf}" >"$dir/out" </dev/null
	cat "$dir/out"
	grep -F -- "$1" "$dir/out"
	[ "$before" = "$(everything)" ]
}

# A signer alone: the jobs of a gateway would be faster.
start_signer()
{
	mkdir -p "$dir/first/signer"
	chown "$signer_user:$user" "$dir/first/signer"
	chmod 2750 "$dir/first/signer"
	setpriv --reuid "$signer_user" --regid "$signer_user" --clear-groups "$build/gatehouse-signer" \
	    --socket "$dir/first/signer/signer.sock" --key-file "$dir/first/etc/signer.key" --peer-user "$user" \
	    >"$dir/first/log" 2>&1 </dev/null &
	signer_pid=$!
	trap 'kill "$signer_pid"; wait "$signer_pid"' EXIT # of the subshell of check
	for _ in $(seq 1200); do
		[ ! -S "$dir/first/signer/signer.sock" ] || return 0
		sleep 0.1
	done
	return 1
}

dry_runs()
{
	start_signer
	gh first job run crl
	for job in crl ocsp-signer server-certificate expiry-notices ca-notices requests confirmations key-requests kra-transport notifications est-records retention; do
		would 'nothing is due' "$job"
	done
	gh first app disable clients
	gh first app enable clients
	would 'would seal' audit-seal
	sql -c "UPDATE crl SET this_update = this_update - interval '2 days', next_update = next_update - interval '2 days'" \
	    -c "DELETE FROM ocsp_signer" \
	    -c "UPDATE certificate SET not_before = now() - interval '300 days', not_after = now() + interval '5 days' WHERE template = 'User'"
	gh first cert revoke "$(openssl x509 -in "$dir/first/state/tls/server.pem" -noout -serial | cut -d= -f2)" \
	    --reason superseded --yes
	would 'would make the CRL issuing, number' crl
	would 'would make the CRL root, number' crl
	would 'would make an OCSP signer of CA issuing' ocsp-signer
	would 'would renew' server-certificate
	would 'would note 1 certificates' expiry-notices
	sql -c "UPDATE certificate SET not_after = now() - interval '5 days' WHERE template = 'User'"
	(cat "$dir/first/etc/gatehouse.conf"; echo 'jobs { retention_days = 2 }') >"$dir/first/etc/keeps.conf"
	chmod 644 "$dir/first/etc/keeps.conf"
	would 'would remove 1 certificates that ended more than 2 days ago' retention keeps.conf
	rm "$dir/first/etc/keeps.conf"
	is 'length == 2' gh first job run crl --dry-run --json
	expect 2 'exclude each other' gh first job run crl --dry-run --background
}

# ---- interrupted ----
# Templates that cannot be imported stop it after the CAs; the next run goes on, and still writes the configuration.
goes_on_after_a_failure()
{
	prepare_case broken
	mkdir -p "$dir/bad"
	cp conf/templates/User.json conf/templates/Computer.json "$dir/bad/"
	echo '{' >"$dir/bad/Z.json"
	expect 1 "run setup again" openldap broken --base-url "http://localhost:$http_port" --templates "$dir/bad"
	[ ! -e "$dir/broken/etc/gatehouse.conf" ]
	cp "$dir/broken/etc/signer.key" "$dir/broken.key"
	expect 0 "" openldap broken --base-url "http://localhost:$http_port"
	cmp "$dir/broken.key" "$dir/broken/etc/signer.key"
	grep -q 'cas *root *is there already' "$dir/out"
	gh broken conf check
}

# ---- answers that are wrong are told at once, and nothing is written ----
# refused WORD FUNCTION OPTION...
refused()
{
	local word=$1 how=$2 got=0

	shift 2
	prepare_case wrong
	"$how" wrong "$@" >"$dir/out" 2>"$dir/err" || got=$?
	cat "$dir/out" "$dir/err"
	[ "$got" != 0 ]
	grep -qF -- "$word" "$dir/err"
	[ ! -e "$dir/wrong/etc" ] && [ ! -e "$dir/wrong/state" ]
}

wrong_answers()
{
	echo wrong >"$dir/wrong.password"
	refused "credentials refused" openldap --directory-password-file "$dir/wrong.password"
	refused "base missing" openldap --directory-base dc=nowhere,dc=test
	refused "wrong type" openldap --directory-type ad
	refused "TLS failed" openldap --directory-ca /etc/ssl/certs/ca-certificates.crt
	refused "unreachable" openldap --directory-uri "ldaps://127.0.0.1:$(free_port)"
	refused "in clear" openldap --directory-uri ldap://127.0.0.1
	refused "cannot be resolved" openldap --base-url http://no-such-name.invalid
	refused "must begin with http://" openldap --base-url https://localhost
	refused "neither a DNS name" openldap --name 'a b'
	refused "there is no user" openldap --user no-such-user
	refused "--db-admin: no password" openldap --db-admin "host=$PGSOCKETDIR dbname=postgres user=boss password=x"
	refused "no password in the connection string" openldap --db "host=$PGSOCKETDIR user=$user password=x"
	refused "--directory-password-file is needed" setup --db "host=$PGSOCKETDIR dbname=gh_wrong user=$user" \
	    --directory-uri "$LDAP_URI" --directory-ca "$LDAP_CAFILE" --directory-user "$LDAP_BIND_DN"
}

wrong_database()
{
	refused "cannot connect" openldap --db "host=$dir/nowhere dbname=x user=$user"
	admin_psql -c "CREATE DATABASE latin TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'" \
	    -c "GRANT ALL ON DATABASE latin TO $user"
	refused "encoding UTF8" openldap --db "host=$PGSOCKETDIR dbname=latin user=$user"
}

# As for a database of another machine: a role with a password, made by an administrator with another one.
database_with_passwords()
{
	prepare_case secret
	echo 'p:w\d secret' >"$dir/role.password"
	admin_psql -c "CREATE ROLE boss LOGIN CREATEROLE CREATEDB PASSWORD 'Boss1'"
	echo '*:*:*:boss:Boss1' >"$dir/boss.pgpass"
	chmod 600 "$dir/boss.pgpass"
	expect 1 "cannot connect" openldap secret --db "host=$dir/nowhere dbname=gh_secret user=gh_role" \
	    --db-password-file "$dir/role.password"
	[ ! -e "$dir/secret/etc/gatehouse.conf" ]
	expect 0 "" openldap secret --db "host=$PGSOCKETDIR dbname=gh_secret user=gh_role" \
	    --db-password-file "$dir/role.password" --base-url "http://localhost:$http_port" \
	    --db-admin "host=$PGSOCKETDIR dbname=postgres user=boss passfile=$dir/boss.pgpass"
	grep -q 'database *gh_secret *created' "$dir/out"
	has 600 "$user" "$user" "$dir/secret/etc/pgpass"
	grep -q "passfile=$dir/secret/etc/pgpass" "$dir/secret/etc/gatehouse.conf"
	gh secret ca list --json | jq -e 'length == 2'
	! grep -F 'w\d secret' "$dir/secret/etc/gatehouse.conf" "$dir/out" "$dir/postgres/log" || return 1
	expect 0 "" openldap secret --db "host=$PGSOCKETDIR dbname=gh_secret user=gh_role" \
	    --db-password-file "$dir/role.password"
}

no_urls_only_by_wish()
{
	prepare_case bare
	expect 0 "no URLs" openldap bare --no-urls
	gh bare ca export issuing >"$dir/issuing.bare"
	openssl x509 -in "$dir/issuing.bare" -noout -text >"$dir/text"
	! grep -E 'CRL Distribution|Authority Information' "$dir/text" || return 1
	expect 2 "--no-urls" gh bare ca create other --root --subject CN=Other
	expect 0 "" gh bare ca create other --root --subject CN=Other --no-urls
}

# ---- at the terminal ----
# Answers typed at a real terminal: a wrong password first, then the right one.
at_a_terminal()
{
	prepare_case typed
	python3 -B tests/integration/setup_terminal.py "$gatehouse" setup -c "$dir/typed/etc/gatehouse.conf" \
	    --state-dir "$dir/typed/state" --user "$user" --signer-user "$signer_user" --templates conf/templates \
	    --set "signer.program=$build/gatehouse-signer" --set "gateway.module=$build/gatehouse.so" \
	    --db "host=$PGSOCKETDIR dbname=gh_typed user=$user" --listen 127.0.0.1 --port "$port" \
	    --http-port "$http_port" -- \
	    'Directory servers' "$LDAP_URI" 'CA of the directory' "$LDAP_CAFILE" 'Service account' "$LDAP_BIND_DN" \
	    'Its password' wrong 'Directory servers' '' 'CA of the directory' "$LDAP_CAFILE" 'Service account' '' \
	    'Its password' "$(cat "$LDAP_PASSWORD_FILE")" 'Base' '' 'Name of this gateway' localhost \
	    'URL of plain HTTP' '' 'Type yes' yes
	gh typed conf check
	! grep -q "$(cat "$LDAP_PASSWORD_FILE")" "$dir/log" || return 1
}

# ---- Active Directory ----
active_directory()
{
	prepare_case domain
	expect 0 "" ad domain --base-url "http://localhost:$http_port"
	cat "$dir/domain/etc/gatehouse.conf" >"$dir/text"
	grep -qF 'type = "ad"' "$dir/text"
	grep -qF "base = \"$AD_BASE\"" "$dir/text"
	grep -qF "realm = \"$AD_REALM\"" "$dir/text"
	grep -qF "netbios_domain = \"$AD_DOMAIN\"" "$dir/text"
	grep -q 'clock within' "$dir/out"
	grep -q 'SID S-1-5-21-' "$dir/out"
	refused "wrong type" ad --directory-type openldap
	gh domain directory test alice --json >"$dir/json"
	is ".entry.sid == \"$AD_SID_ALICE\" and all(.findings[]; .state == \"ok\")" cat "$dir/json"
	is 'any(.findings[]; .code == "directory-clock")' cat "$dir/json"
	is '.entry.attributes.upn == ["alice@ad.test"] and (.entry.attributes.objectSid[0] | test("^[0-9A-F]+$"))' \
	    cat "$dir/json"
	gh domain directory test 'WEB01$' | grep 'directory-user *computer'
	gh domain directory test 'ADTEST\alice' >/dev/null
	expect 1 "" gh domain directory test 'OTHER\alice'
}

port=$(free_port) http_port=$(free_port)
PGSOCKET_GROUP=$user tests/servers/postgres.sh start "$dir/postgres" >"$dir/postgres.log" 2>&1 ||
    { cat "$dir/postgres.log"; echo "not ok 1 - PostgreSQL starts"; exit 1; }
. "$dir/postgres/env"
# As Debian installs it: who connects is who he is to the system.
printf '%s\n' 'local all gh_role,boss scram-sha-256' 'local all all peer' >"$dir/postgres/data/pg_hba.conf"
admin_psql -c "SELECT pg_reload_conf()" >/dev/null
tests/servers/slapd.sh start "$dir/slapd" >"$dir/slapd.log" 2>&1 ||
    { cat "$dir/slapd.log"; echo "not ok 1 - slapd starts"; exit 1; }
. "$dir/slapd/env"
tests/servers/samba.sh start "$dir/samba" >"$dir/samba.log" 2>&1 ||
    { cat "$dir/samba.log"; echo "not ok 1 - Samba starts"; exit 1; }
. "$dir/samba/env"
unset KRB5_CONFIG

check "setup makes everything" makes_everything
check "files have their owners and modes" modes_and_owners
check "the configuration has what the directory told" settings
check "all certificates carry the URLs" certificates_carry_urls
check "a second run changes nothing" second_run_changes_nothing
check "a second run refuses other answers" second_run_refuses_other_answers
check "a second node has a server certificate of its own" second_node_gets_a_certificate
check "the gateway starts, and alice enrolls" gateway_enrolls
check "a browser finds the CSR form" browser_finds_the_form
check "the server certificate is renewed, and taken over" server_certificate_is_renewed
check "the doctor finds all well" doctor_finds_all_well
check "the doctor finds what is wrong" doctor_finds_what_is_wrong
check "the doctor reads what the URLs answer" doctor_reads_the_answers
check "the directory is tried step by step" directory_test
check "the person behind sudo is recorded" the_person_is_recorded
check "dry runs of jobs tell and change nothing" dry_runs
check "an interrupted run is completed by the next" goes_on_after_a_failure
check "wrong answers are told before anything is written" wrong_answers
check "a wrong database is told" wrong_database
check "a database with passwords, made by an administrator" database_with_passwords
check "no URLs only by wish" no_urls_only_by_wish
check "no CSR form by wish, and one of the administrator's own" no_form_by_wish
check "answers typed at a terminal, a wrong one again" at_a_terminal
check "Active Directory: names, clock and SID are found" active_directory
checked
