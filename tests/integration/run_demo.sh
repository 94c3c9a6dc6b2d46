#!/bin/bash
# The contract of make demo, in a folder and on a port of its own: variables, issued certificate, stop, start from
# the kept state, and what goes wrong on machines: stale pid files, a port in use, an interrupted first run.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/servers/free-port.sh

dir=$(mktemp -d /tmp/gatehouse-demo.XXXXXX)
chmod 711 "$dir"
export GATEHOUSE_DEMO_DIR=$dir/demo
unset PREPARED_CLUSTER # as whoever calls make demo
listener=
number=0
failed=0

finish()
{
	[ -z "$listener" ] || kill "$listener" 2>/dev/null || true
	tests/demo/demo.sh stop >/dev/null 2>&1 || true
	[ -n "${KEEP:-}" ] || rm -rf "$dir" "$dir".lock
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

# check NAME COMMAND... The shell does not stop at an error inside COMMAND: it says each by its status.
check()
{
	local name=$1

	shift
	number=$((number + 1))
	if "$@" >"$dir/check.log" 2>&1; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		sed 's/^/#   /' "$dir/check.log" | tail -n 30
		failed=1
	fi
}

says()
{
	local text=$1

	shift
	"$@" >"$dir/says.log" 2>&1 || { cat "$dir/says.log"; return 1; }
	grep -qF -- "$text" "$dir/says.log" || { cat "$dir/says.log"; return 1; }
}

fails_saying()
{
	local text=$1

	shift
	if "$@" >"$dir/says.log" 2>&1; then
		echo "succeeded"
		return 1
	fi
	grep -qF -- "$text" "$dir/says.log" || { cat "$dir/says.log"; return 1; }
}

variables_are_set()
{
	local v

	for v in URL CAFILE APP_KEY APP_SECRET USER PASSWORD TEMPLATE DB LDAP_URI ADMIN_USER ADMIN_PASSWORD; do
		v=GATEHOUSE_$v
		[ -n "$(env -i bash -c ". '$GATEHOUSE_DEMO_DIR/demo.env'; echo \"\$$v\"")" ] || { echo "$v"; return 1; }
	done
}

database_holds_certificates()
{
	# shellcheck disable=SC1091
	. "$GATEHOUSE_DEMO_DIR/demo.env"
	[ "$(psql -XAtq -d "$GATEHOUSE_DB" -c 'select count(*) from certificate')" -ge "$1" ]
}

issued_names()
{
	openssl x509 -in "$GATEHOUSE_DEMO_DIR/out/alice/cert.pem" -noout -text >"$dir/text"
	grep -q 'alice@example.test' "$dir/text" && ! grep -q Mallory "$dir/text"
}

directory_has_password()
{
	# shellcheck disable=SC1091
	. "$GATEHOUSE_DEMO_DIR/demo.env"
	LDAPTLS_CACERT=$GATEHOUSE_DEMO_DIR/slapd/ca.crt ldapwhoami -x -H "$GATEHOUSE_LDAP_URI" \
	    -D "cn=Alice Adams,ou=people,dc=example,dc=test" -w "$GATEHOUSE_PASSWORD"
}

# A gatehouse that enrolls for somebody else after each enrollment, as a job may at any time.
write_busy_client()
{
	cat >"$1" <<-END
	#!/bin/bash
	$PWD/build/gatehouse "\$@" || exit
	[ "\$1" != enroll ] || $PWD/build/gatehouse "\$@" --out-dir "$1.\$\$" >/dev/null
	END
	chmod +x "$1"
}

# The README's ways to enroll and to revoke, as they stand there, in a shell that has none of our variables.
readme_client()
{
	local out=$dir/readme

	mkdir "$out"
	write_busy_client "$out/gatehouse"
	sed -n '/^## Point a client/,/^## /s/^    //p' README.md |
	    sed -e "s,var/demo/demo.env,$GATEHOUSE_DEMO_DIR/demo.env," -e "s,build/gatehouse,$out/gatehouse," \
	        -e "s,/tmp/alice,$out/alice," >"$out/lines"
	grep -q 'gatehouse enroll' "$out/lines" && grep -q curl "$out/lines" || return
	(cd "$out" && env -i PATH="$PATH" bash -e ./lines </dev/null >answer) &&
	    openssl x509 -in "$out/alice/cert.pem" -noout &&
	    grep -q '"RequestDisposition":"Issued"' "$out/answer" &&
	    grep -q "$out/alice2/cert.pem: revoked" "$out/answer" || { cat "$out/answer"; return 1; }
}

# The README's recovery of a key in the same way.
readme_recovery()
{
	local out=$dir/recovery

	mkdir "$out"
	{
		echo "set -a; . '$GATEHOUSE_DEMO_DIR/demo.env'; set +a"
		sed -n '/^## Get a lost key/,/^## /s/^    //p' README.md
	} | sed -e "s,build/gatehouse,$PWD/build/gatehouse," >"$out/lines"
	grep -q 'key retrieve' "$out/lines" || return
	(cd "$out" && env -i PATH="$PATH" bash -e ./lines </dev/null >answer 2>&1) &&
	    openssl pkcs12 -in "$out/mail.p12" -passin "file:$out/mail.p12.password" -nodes -nocerts |
	        openssl pkey -pubout >"$out/recovered" &&
	    openssl x509 -in "$out/mail.pem" -noout -pubkey | cmp - "$out/recovered" &&
	    [ ! -e "$out/mail.key" ] && grep -q 'Shrouded Keybag' "$out/answer" || { cat "$out/answer"; return 1; }
}

# The README's certificate for a request of one's own in the same way.
readme_csr()
{
	local out=$dir/csr

	mkdir "$out"
	{
		echo "set -a; . '$GATEHOUSE_DEMO_DIR/demo.env'; set +a"
		sed -n '/^## Get a certificate with a browser/,/^## /s/^    //p' README.md
	} >"$out/lines"
	grep -q 'csr/process' "$out/lines" || return
	(cd "$out" && env -i PATH="$PATH" bash -e ./lines </dev/null >answer 2>/dev/null) &&
	    python3 -c 'import json, sys; print(json.load(sys.stdin)["certificate"]["pem"])' <"$out/answer" \
	        >"$out/cert.pem" &&
	    openssl x509 -in "$out/cert.pem" -noout -pubkey >"$out/certified" &&
	    openssl pkey -in "$out/my.key" -pubout | cmp - "$out/certified" || { cat "$out/answer"; return 1; }
}

# What the first run said: the shop's certificate is revoked, alice's is not, and the CRL has a number.
revoked_the_shop()
{
	cat "$dir/start.log"
	grep -q 'alice/cert.pem: good' "$dir/start.log" &&
	    grep -q 'shop/cert.pem: revoked' "$dir/start.log" &&
	    grep -Eq 'crlNumber=(0x)?[0-9A-F]' "$dir/start.log" &&
	    ! grep -E 'CRL Number: *$' "$dir/start.log"
}

healthy()
{
	# shellcheck disable=SC1091
	. "$GATEHOUSE_DEMO_DIR/demo.env"
	[ "$GATEHOUSE_URL" = "https://localhost:$GATEHOUSE_PORT" ] || return
	curl -sSf --noproxy '*' --cacert "$GATEHOUSE_CAFILE" "$GATEHOUSE_URL/readyz"
}

within()
{
	local limit=$1 begin=$SECONDS

	shift
	"$@" || return
	[ $((SECONDS - begin)) -le "$limit" ] || { echo "took $((SECONDS - begin)) s"; return 1; }
}

GATEHOUSE_PORT=$(free_port)
export GATEHOUSE_PORT
check "first run enrolls alice and verifies the chain" says "cert.pem: OK" tests/demo/demo.sh start
cp "$dir/says.log" "$dir/start.log"
check "first run revokes the certificate that it shows" revoked_the_shop
check "all variables of the contract" variables_are_set
check "the gateway is left running on the port asked for" healthy
check "names of the certificate are those of the directory" issued_names
check "the directory knows the user of demo.env" directory_has_password
check "the README's client examples work as they stand" readme_client
check "the README's certificate for a request of one's own works as it stands" readme_csr
check "the README's recovery of a key works as it stands" readme_recovery
check "a second start beside a running demo" within 60 tests/demo/demo.sh start
check "stop" tests/demo/demo.sh stop
check "nothing answers any more" fails_saying "" healthy
check "stop when nothing runs" tests/demo/demo.sh stop
echo 1 >"$GATEHOUSE_DEMO_DIR/gateway.pid"
check "start from the kept state, with a stale pid file" within 60 tests/demo/demo.sh start
check "certificates of the first run are still there" database_holds_certificates 4
check "the root gets a new key" build/gatehouse ca renew root --new-key -c "$GATEHOUSE_DEMO_DIR/gatehouse.conf"
check "stop again" tests/demo/demo.sh stop

python3 -c 'import socket, sys, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(); open(sys.argv[2], "w").close(); time.sleep(600)' \
    "$GATEHOUSE_PORT" "$dir/listening" &
listener=$!
for _ in $(seq 600); do
	[ -e "$dir/listening" ] && break
	sleep 0.05
done
check "a port in use is named, and how to choose another" fails_saying "GATEHOUSE_PORT" tests/demo/demo.sh start
kill "$listener"
listener=
GATEHOUSE_PORT=$(free_port)
check "start on another port, below a renewed root" tests/demo/demo.sh start
check "it answers there" healthy
tests/demo/demo.sh stop >/dev/null
rm -f "$GATEHOUSE_DEMO_DIR/complete"
check "a half-made state is made anew" tests/demo/demo.sh start
check "and works" healthy
echo "1..$number"
exit "$failed"
