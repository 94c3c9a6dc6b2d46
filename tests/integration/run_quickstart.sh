#!/bin/bash
# The quickstarts, block by block as a reader pastes them, on a copy of this system that is thrown away: overlays over /etc,
# /usr and /var, a network of its own, Debian's own PostgreSQL cluster with its own pg_hba.conf, Samba or slapd as the
# directory. Only the values of step 1 are changed, and apt-get and systemctl are stand-ins: what they do on a machine with
# systemd and the packages is the matter of `make check-install`. Needs root; calls sudo -n otherwise.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
[[ $build == /* ]] || build=$PWD/$build
if [ "${QUICKSTART_INSIDE:-}" != yes ]; then
	[ "$(id -u)" = 0 ] || exec sudo -n BUILD="$build" KEEP="${KEEP:-}" SAMBA_CACHE="${SAMBA_CACHE:-}" bash "$0" "$@"
	exec env QUICKSTART_INSIDE=yes BUILD="$build" unshare --mount --net --uts --pid --fork --kill-child --mount-proc \
	    bash "$0" "$@"
fi
dir=$(mktemp -d /tmp/gatehouse-quickstart.XXXXXX)
. tests/integration/check.sh
export SAMBA_CACHE=${SAMBA_CACHE:-$PWD/var/samba}
unset "${!GATEHOUSE_@}"

finish()
{
	[ ! -d "$dir/samba" ] || tests/servers/samba.sh stop "$dir/samba" >/dev/null 2>&1
	tests/servers/slapd.sh stop "$dir/slapd" >/dev/null 2>&1
	stop_all >/dev/null 2>&1
	umount "$dir/over"
	[ -n "${KEEP:-}" ] || rm -rf --one-file-system "$dir"
}

# ---- the machine ----
overlay()
{
	mkdir -p "$dir/over/$1/new" "$dir/over/$1/work"
	mount -t overlay overlay -o "lowerdir=/$1,upperdir=$dir/over/$1/new,workdir=$dir/over/$1/work" "/$1"
}

make_machine()
{
	mkdir "$dir/over"
	mount -t tmpfs none "$dir/over"
	overlay etc
	overlay usr
	overlay var
	mount -t tmpfs none /run
	ip link set lo up
	hostname stranger
	printf '127.0.0.1 localhost stranger\n127.0.0.1 pki.corp.example pki.example.com\n' >/etc/hosts
	cp -r "$build" "$dir/build"
	# nothing is built here: the programs are those of the tree
	make -s -o all install BUILD="$dir/build" >/dev/null
	rm -rf /etc/postgresql/15/main /var/lib/postgresql/15/main
	install -m 755 /dev/stdin /usr/local/bin/apt-get <<-'END'
	#!/bin/bash -e
	# stands for: apt-get install --yes --no-install-recommends postgresql ./gatehouse*.deb
	[ "$1 $2 $3 $4" = "install --yes --no-install-recommends postgresql" ]
	systemd-sysusers /usr/lib/sysusers.d/gatehouse.conf
	systemd-tmpfiles --create /usr/lib/tmpfiles.d/gatehouse.conf
	mkdir -p /var/log/postgresql
	chown postgres: /var/log/postgresql
	install -d -o postgres -g postgres -m 2775 /run/postgresql
	pg_createcluster 15 main >/dev/null
	pg_ctlcluster 15 main start
	END
	install -m 755 /dev/stdin /usr/local/bin/systemctl <<-'END'
	#!/bin/bash -e
	# stands for: systemctl enable --now gatehouse-signer gatehouse
	[ "$*" = "enable --now gatehouse-signer gatehouse" ]
	systemd-tmpfiles --create /usr/lib/tmpfiles.d/gatehouse.conf
	install -d -o gatehouse-signer -g gatehouse-signer -m 750 /run/gatehouse-signer
	install -d -o gatehouse -g gatehouse -m 750 /run/gatehouse
	as() { local user=$1; shift; setsid setpriv --reuid "$user" --regid "$user" --init-groups \
	    --ambient-caps +net_bind_service --inh-caps +net_bind_service "$@" </dev/null >>"/run/$user.log" 2>&1 & }
	as gatehouse-signer gatehouse-signer --socket /run/gatehouse-signer/signer.sock \
	    --key-file /etc/gatehouse/signer.key --peer-user gatehouse
	as gatehouse gatehouse run --no-signer --config /etc/gatehouse/gatehouse.conf
	for i in $(seq 1200); do
		grep -q '^ready:' /run/gatehouse.log && exit
		sleep 0.1
	done
	cat /run/gatehouse*.log >&2
	exit 1
	END
	PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin
	export PATH
}

# To the state before the first block.
stop_all()
{
	local p

	# of this pid namespace: ours alone
	for p in $(ps -o pid= -C gatehouse,gatehouse-signer,kore); do kill "$p"; done
	for _ in $(seq 1200); do
		[ -n "$(ps -o pid= -C gatehouse,gatehouse-signer,kore)" ] || break
		sleep 0.1
	done
	pg_dropcluster --stop 15 main
	rm -rf /etc/gatehouse /var/lib/gatehouse /run/gatehouse* /run/postgresql
	install -d /etc/gatehouse
}

# ---- a page ----
# blocks PAGE VALUE...: the indented blocks of the page as a script; VALUES take the place of the first one. The package
# files, which are not there, are no operands.
blocks()
{
	local page=$1

	shift
	printf 'set -eux\nshopt -s nullglob\n'
	printf '%s\n' "$@"
	awk '/^    [^ ]/ || (in_block && /^    /) { if (!in_block) n++; in_block = 1; if (n > 1) print substr($0, 5); next }
	    { in_block = 0 }' "$page"
}

# run_page PAGE VALUE...: in a folder with the files that the reader was told to have
run_page()
{
	blocks "$@" >"$dir/script"
	[ "$(grep -c '^gatehouse ' "$dir/script")" -ge 6 ]
	(cd "$dir/reader" && timeout 240 bash "$dir/script") || { cat /run/gatehouse*.log; return 1; }
}

# What the pages promise, in the words of what they show.
promises()
{
	grep -q ' 0 errors$' "$dir/log"
	grep -q 'password .* (shown this once)' "$dir/log"
	grep -qx 'first/cert.pem: revoked' "$dir/log"
	[ ! -e "$dir/reader/directory.password" ]
	for f in first/key.pem first/chain.pem app.key app.secret root.pem; do
		[ -s "$dir/reader/$f" ]
	done
	openssl verify -CAfile "$dir/reader/root.pem" -untrusted "$dir/reader/first/chain.pem" "$dir/reader/first/cert.pem"
}

reader_has()
{
	rm -rf "$dir/reader"
	mkdir "$dir/reader"
	cp "$1" "$dir/reader/directory-ca.pem"
	(umask 077; cp "$2" "$dir/reader/directory.password"; printf '%s\n' "$3" >"$dir/reader/user.password")
}

openldap()
{
	tests/servers/slapd.sh start "$dir/slapd" >"$dir/slapd.log" 2>&1
	. "$dir/slapd/env"
	reader_has "$LDAP_CAFILE" "$LDAP_PASSWORD_FILE" "$LDAP_PASSWORD"
	run_page docs/quickstart-openldap.md "SERVER='${LDAP_URI#ldaps://}'" "ACCOUNT='$LDAP_BIND_DN'" \
	    "SOMEBODY='$LDAP_USER'" NAME=pki.example.com
	promises
	grep -q 'email:alice@example.test' "$dir/log"
}

ad()
{
	tests/servers/samba.sh start "$dir/samba" >"$dir/samba.log" 2>&1
	. "$dir/samba/env"
	unset KRB5_CONFIG
	echo "$AD_IP dc1.ad.test" >>/etc/hosts
	reader_has "$AD_CAFILE" "$AD_PASSWORD_FILE" "$AD_PASSWORD"
	run_page docs/quickstart-ad.md DC=dc1.ad.test ACCOUNT=svc-gw@ad.test "SOMEBODY='$AD_USER'" NAME=pki.corp.example
	promises
	grep -q "directory-sid *$AD_SID_ALICE" "$dir/log"
	grep -q 'email:alice@ad.test' "$dir/log"
}

trap finish EXIT
trap 'exit 1' INT TERM HUP
make_machine || { echo "not ok 1 - a copy of the system"; exit 1; }
check "docs/quickstart-openldap.md, block by block" openldap
stop_all >/dev/null 2>&1
check "docs/quickstart-ad.md, block by block" ad
checked
