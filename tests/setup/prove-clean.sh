#!/bin/bash
# Prove that a fresh Debian 12 with nothing but git, make and root or sudo is enough: debootstrap into a folder,
# clone this tree's HEAD into it, and run make demo, make demo again, make check. Needs root, debootstrap and
# the Debian mirror; takes a while and some gigabytes. Not part of make check.
#	prove-clean.sh [DIR]	DIR: where the chroot goes (default: a new one in /var/tmp, removed afterwards)
# PROVE_AS=user does it as a user with sudo instead of root. PROVE: commands instead of the usual ones.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd -P)

if [ "${1:-}" != --inside ]; then
	[ "$(id -u)" = 0 ] || { echo "prove-clean: needs root" >&2; exit 1; }
	root=${1:-}
	if [ -z "$root" ]; then
		root=$(mktemp -d /var/tmp/gatehouse-clean.XXXXXX)
		trap 'rm -rf --one-file-system "$root"' EXIT
	fi
	mkdir -p "$root"
	root=$(cd "$root" && pwd -P)
	# Mounts and processes of the proof end with it.
	unshare --mount --pid --fork --kill-child --propagation private \
	    bash "$top/tests/setup/prove-clean.sh" --inside "$root"
	exit
fi

root=$2
chmod 755 "$root" # mktemp closes it, and it becomes everybody's /
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null |
    grep -m 1 -E '/debian/?$' || echo http://deb.debian.org/debian)
if [ ! -e "$root/etc/debian_version" ]; then
	debootstrap --variant=minbase --include=git,make,ca-certificates,sudo bookworm "$root" "$mirror"
	cat >"$root/etc/apt/sources.list" <<-END
	deb $mirror bookworm main
	deb $mirror bookworm-updates main
	deb http://deb.debian.org/debian-security bookworm-security main
	END
fi
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/hosts "$root/etc/hosts"
for f in /etc/apt/apt.conf /etc/apt/apt.conf.d/*proxy*; do
	[ ! -e "$f" ] || cp "$f" "$root/etc/apt/apt.conf.d/"
done

mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for d in null zero full random urandom tty; do
	touch "$root/dev/$d"
	mount --bind "/dev/$d" "$root/dev/$d"
done
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts" || true
ln -s pts/ptmx "$root/dev/ptmx"

home=/root
if [ "${PROVE_AS:-root}" = user ]; then
	chroot "$root" id tester >/dev/null 2>&1 || chroot "$root" useradd -m -s /bin/bash tester
	echo 'tester ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/tester"
	home=/home/tester
fi
# Also what is fetched is only this tree's own history.
rm -rf "${root:?}$home/gatehouse"
git clone -q --no-hardlinks "$top" "$root$home/gatehouse"
git -C "$root$home/gatehouse" remote remove origin
[ "$home" = /root ] || chroot "$root" chown -R tester: "$home"

default='make demo
. var/demo/demo.env
openssl x509 -in var/demo/out/alice/cert.pem -noout -subject
time make demo
make demo-stop
make check'
printf 'set -ex\ncd ~/gatehouse\n%s\n' "${PROVE:-$default}" >"$root/prove.sh"
run=(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb
    GATEHOUSE_PORT="${GATEHOUSE_PORT:-8443}" HOME="$home")
if [ "$home" = /root ]; then
	chroot "$root" "${run[@]}" bash /prove.sh </dev/null
else
	chroot "$root" "${run[@]}" setpriv --reuid=tester --regid=tester --init-groups bash /prove.sh </dev/null
fi
echo "prove-clean: all of it worked"
