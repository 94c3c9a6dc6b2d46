#!/bin/bash
# Install the Debian packages of conf/packages.txt that are missing:
#	tests/setup/install.sh KIND...        (build, run, demo, check, bench)
#	tests/setup/install.sh --missing BUILD-TARGET KIND...	install nothing; say what is missing, and fail
# Needs no network and no privileges when nothing is missing. Services that come with a package
# (postgresql, slapd, samba, winbind) are neither started nor enabled: the demo and the tests start
# private ones on loopback.
set -euo pipefail
cd "$(dirname "$0")/../.."

LIST=conf/packages.txt
POLICY=/usr/sbin/policy-rc.d
CLUSTER=/etc/postgresql-common/createcluster.conf
CLUSTER_SHIPPED=/usr/share/postgresql-common/createcluster.conf
OURS="Gatehouse's tests/setup/install.sh"
made_policy=

die()
{
	echo "install: $*" >&2
	exit 1
}

# Names in the list that have one of the kinds given.
wanted()
{
	awk -v kinds=" $* " '!/^#/ && NF > 1 {
		for (i = 2; i <= NF; i++)
			if (index(kinds, " " $i " ")) { print $1; next }
	}' "$LIST"
}

# What Node.js of another origin brings along: it conflicts with Debian's npm, and has one.
provided()
{
	(dpkg-query -W -f='${db:Status-Abbrev} ${Provides}\n' nodejs 2>/dev/null || true) |
	    awk '$1 == "ii" { gsub(",", ""); for (i = 2; i <= NF; i++) if ($i == "npm") print $i }'
}

# Those of the names given that dpkg does not know as installed.
missing()
{
	# dpkg-query fails when it does not know one of the names, and prints the others.
	comm -13 <({
		(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null || true) |
		    awk '$1 == "ii" { print $2 }'
		provided
	} | sort -u) <(printf '%s\n' "$@" | sort -u)
}

# How to become root: nothing, sudo without a password, or sudo on a terminal.
find_sudo()
{
	if [ "$(id -u)" = 0 ]; then
		SUDO=()
	elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
		SUDO=(sudo -n)
	elif command -v sudo >/dev/null && [ -t 0 ] && [ -t 2 ] && [ -z "${CI:-}" ]; then
		SUDO=(sudo)
	else
		die "these packages are missing and there is no root (no sudo without password) to install" \
		    "them; as root: apt-get install --no-install-recommends $*"
	fi
}

installed()
{
	[ -z "$(missing "$1")" ]
}

# Runs as root: apt-get with services held back. Arguments: packages.
install_as_root()
{
	local p new_services=

	for p in postgresql-common slapd samba samba-ad-dc winbind haproxy prometheus exim4 dovecot-core; do
		installed "$p" || new_services+=" $p"
	done
	if [ ! -e "$POLICY" ]; then
		printf '#!/bin/sh\n# Temporary, by %s: start no service while packages are installed.\nexit 101\n' \
		    "$OURS" >"$POLICY"
		chmod 755 "$POLICY"
		made_policy=1
	fi
	trap give_back EXIT
	trap 'exit 1' INT TERM HUP
	if ! installed postgresql-common && [ ! -e "$CLUSTER" ]; then
		mkdir -p "${CLUSTER%/*}"
		printf '# Temporary, by %s.\ncreate_main_cluster = false\n' "$OURS" >"$CLUSTER"
	fi
	# Unattended upgrades of a fresh machine may hold the lock: wait for it.
	local apt=(apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
	export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
	"${apt[@]}" update ||
	    echo "install: apt-get update failed, trying with the lists that are there" >&2
	"${apt[@]}" install --no-install-recommends "$@" </dev/null ||
	    die "apt-get could not install: $*"
	hold_services "$new_services"
}

# What was only for the time of the installation. Also what an earlier, interrupted or older run left behind: a
# host whose next PostgreSQL gets no cluster has been changed.
give_back()
{
	[ -z "$made_policy" ] || rm -f "$POLICY"
	grep -qsF "$OURS" "$CLUSTER" || return 0
	if [ -e "$CLUSTER_SHIPPED" ]; then
		cp "$CLUSTER_SHIPPED" "$CLUSTER"
	else
		rm -f "$CLUSTER"
	fi
}

# Services of packages that were not there before must not start at the next boot either.
hold_services()
{
	local unit

	for unit in postgresql slapd haproxy prometheus samba-ad-dc smbd nmbd winbind exim4 dovecot; do
		case $unit in
		postgresql) [[ $1 == *postgresql-common* ]] || continue ;;
		slapd) [[ $1 == *slapd* ]] || continue ;;
		winbind | haproxy | prometheus | exim4 | dovecot) [[ $1 == *$unit* ]] || continue ;;
		*) [[ $1 == *samba* ]] || continue ;;
		esac
		# Links of systemd, made also where it does not run, and of System V init.
		deb-systemd-helper disable "$unit.service" >/dev/null 2>&1 || true
		deb-systemd-helper disable "$unit-base.timer" >/dev/null 2>&1 || true
		update-rc.d "$unit" disable >/dev/null 2>&1 || true
	done
}

[ "$#" -gt 0 ] || die "usage: install.sh KIND... (build, run, demo, check, bench)"
if [ "$1" = --as-root ]; then
	shift
	install_as_root "$@"
	exit 0
fi

if [ "$1" = --missing ]; then
	[ -r /etc/debian_version ] && command -v dpkg-query >/dev/null || exit 0
	target=$2
	shift 2
	mapfile -t names < <(wanted "$@")
	mapfile -t names < <(missing "${names[@]}")
	[ "${#names[@]}" -gt 0 ] || exit 0
	cat >&2 <<-END
	These Debian packages are missing: ${names[*]}
	    make $target
	installs them, and nothing else; or, as root:
	    apt-get install --no-install-recommends ${names[*]}
	END
	exit 1
fi

[ -r /etc/debian_version ] && command -v dpkg-query >/dev/null ||
    die "this machine is not Debian; install what $LIST names by other means"
mapfile -t names < <(wanted "$@")
[ "${#names[@]}" -gt 0 ] || die "no package has a kind of: $*"
mapfile -t names < <(missing "${names[@]}")
if [ "${#names[@]}" -eq 0 ]; then
	[ "$(id -u)" != 0 ] || give_back
	exit 0
fi

find_sudo "${names[@]}"
echo "install: ${names[*]}"
"${SUDO[@]}" bash "$PWD/tests/setup/install.sh" --as-root "${names[@]}"
mapfile -t names < <(missing "${names[@]}")
[ "${#names[@]}" -eq 0 ] || die "still missing after the installation: ${names[*]}"
