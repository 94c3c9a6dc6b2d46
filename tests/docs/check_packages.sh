#!/bin/bash
# What a target links is in the packages that the same target installs (conf/packages.txt), and nothing that the
# programs load at run time is missing from the kind "run".
set -uo pipefail
cd "$(dirname "$0")/../.."
bad=0
unset MAKEFLAGS MAKELEVEL MFLAGS

# Names of the list that have one of these kinds.
kinds()
{
	awk -v kinds=" $* " '!/^#/ && NF > 1 {
		for (i = 2; i <= NF; i++) if (index(kinds, " " $i " ")) { print $1; next } }' conf/packages.txt | sort -u
}

# The package of a file. On a merged /usr dpkg knows libraries by the name below /lib or below /usr/lib.
owner()
{
	local path

	path=$(realpath -s "$1")
	{ dpkg -S "$path" || dpkg -S "${path#/usr}" || dpkg -S "/usr$path"; } 2>/dev/null | head -n 1 | cut -d: -f1
}

report()
{
	local what=$1 package=$2 library=$3

	shift 3
	if [ -n "$package" ] && kinds "$@" | grep -qxF -- "$package"; then
		return
	fi
	echo "not ok - $what needs $library (package ${package:-unknown}), which is no package of: $*"
	bad=1
}

# links KINDS MAKE-TARGET...
links()
{
	local set=$1 l found=0

	shift
	for l in $(make -n -B -s NO_PACKAGE_CHECK=1 "$@" 2>/dev/null | grep -E -- ' -o [^ ]*(gatehouse|tests/)' |
	    grep -oE -- ' -l[a-z_0-9-]+' | sort -u); do
		found=$((found + 1))
		# shellcheck disable=SC2086
		report "make $*" "$(owner "$(gcc -print-file-name="lib${l#-l}.so")")" "$l" $set
	done
	[ "$found" -gt 0 ] || { echo "not ok - make $*: no libraries found"; bad=1; }
	echo "ok - make $*: $found libraries"
}

bench=$(ls tests/bench/bench_*.c | sed 's,^\(.*\)\.c$,build/\1,')
links "build" all
links "build check" tests integration-tests
# shellcheck disable=SC2086
links "build run demo bench" $bench
links "build check" fuzz-programs

for program in build/gatehouse build/gatehouse-signer build/gatehouse.so; do
	for library in $(objdump -p "$program" | awk '$1 == "NEEDED" { print $2 }'); do
		case $library in libc.so.6 | ld-linux*) continue ;; esac
		path=$(ldconfig -p | awk -v name="$library" '$1 == name { print $NF; exit }')
		report "$program" "$(owner "$path")" "$library" run
	done
done

for name in $(awk '!/^#/ && NF == 1 { print $1 }' conf/packages.txt); do
	echo "not ok - conf/packages.txt: $name has no kind: nothing installs it"
	bad=1
done

# debian/ says the same: what a build needs beside build-essential, and the version.
same()
{
	[ "$1" = "$2" ] && return
	echo "not ok - $3"
	diff <(echo "$1") <(echo "$2") | sed 's/^/# /'
	bad=1
}
same "$(kinds build | grep -vxE 'gcc|make|libc6-dev')" \
    "$(sed -n '/^Build-Depends:/,/^[A-Z]/p' debian/control | sed -n 's/^ \([a-z0-9.+-]*\).*,$/\1/p' |
    grep -v '^dh-sequence' | sort -u)" "build packages of conf/packages.txt and debian/control"
same "$(sed -n 's/^VERSION *:= *//p' Makefile)" "$(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)" \
    "version of Makefile and debian/changelog"
exit "$bad"
