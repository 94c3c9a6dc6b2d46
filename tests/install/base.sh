#!/bin/bash
# The machine of a stranger: a fresh Debian 12 with systemd, as debootstrap makes it, in a cache; beside it the package
# files that the tests install, so that the machines need no network.
#	base.sh PACKAGE...	prints the folder of the base. PACKAGE: what may be installed in it, with what that needs
# CHECK_INSTALL_CACHE: where (default: /var/cache/gatehouse-check-install). Needs root, debootstrap, and, until the
# cache is filled, the Debian mirror.
set -euo pipefail

cache=${CHECK_INSTALL_CACHE:-/var/cache/gatehouse-check-install}
base=$cache/bookworm

inside()
{
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
	    chroot "$base" "$@"
}

make_base()
{
	local mirror

	mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null |
	    grep -m 1 -E '/debian/?$' || echo http://deb.debian.org/debian)
	rm -rf --one-file-system "$base"
	debootstrap --include=dbus,ca-certificates bookworm "$base" "$mirror"
	cat >"$base/etc/apt/sources.list" <<-END
	deb $mirror bookworm main
	deb $mirror bookworm-updates main
	deb http://deb.debian.org/debian-security bookworm-security main
	END
	for f in /etc/apt/apt.conf /etc/apt/apt.conf.d/*proxy*; do
		[ ! -e "$f" ] || cp "$f" "$base/etc/apt/apt.conf.d/"
	done
	touch "$base/made"
}

# Each name for itself: alternatives are wanted beside each other.
fetch_packages()
{
	local list=$cache/packages name

	printf '%s\n' "$@" | sort -u >"$list.new"
	if [ -e "$list" ] && [ -z "$(comm -13 "$list" "$list.new")" ] && [ -z "$(find "$list" -mtime +7)" ]; then
		return
	fi
	cp -L /etc/resolv.conf "$base/etc/resolv.conf"
	inside apt-get -q update
	# the base itself as new as the lists, or what is installed later wants a newer library
	inside apt-get -q -y dist-upgrade
	while read -r name; do
		inside apt-get -q -y --download-only --no-install-recommends install "$name"
		inside apt-get -q -y --download-only install "$name"
	done <"$list.new"
	rm -f "$base/etc/resolv.conf"
	mv "$list.new" "$list"
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
{
	[ -e "$base/made" ] || make_base
	fetch_packages "$@"
} >"$cache/log" 2>&1 || { tail -n 20 "$cache/log" >&2; exit 1; }
echo "$base"
