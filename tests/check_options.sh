#!/bin/bash
# Compares the program's option table with docs/configuration.md and conf/gatehouse.conf: names, types and
# defaults, both ways. BUILD: build directory.
set -uo pipefail
cd "$(dirname "$0")/.."
gatehouse=${BUILD:-build}/gatehouse
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0

"$gatehouse" conf print --names >"$dir/table" || exit 1
[ -s "$dir/table" ] || { echo "check_options: the option table is empty"; exit 1; }

# name TAB type TAB default
sed -n 's/^| `\([a-z]*\.[a-z_]*\)` | \([a-z]*\) | \([^|]*\) |.*/\1\t\2\t\3/p' docs/configuration.md |
    sed -e 's/\*(must be set)\*$//' -e 's/\*(empty)\*$//' -e 's/`//g' >"$dir/docs"

# section.name of each option of the sample, set or commented out, and its value
awk '/^[a-z]+ \{$/ { section = $1 }
    match($0, /^\t(# )?[a-z_]+ = /) {
	line = $0
	sub(/^\t(# )?/, "", line)
	name = line; sub(/ = .*/, "", name)
	value = line; sub(/^[a-z_]+ = /, "", value); gsub(/"/, "", value)
	print section "." name "\t" ($0 ~ /^\t#/ ? "default" : "set") "\t" value
    }' conf/gatehouse.conf >"$dir/sample"

compare()
{
	if ! diff -u "$1" "$2" >"$dir/diff"; then
		echo "not ok - $3"
		cat "$dir/diff"
		bad=1
	else
		echo "ok - $3"
	fi
}

sort "$dir/table" >"$dir/a"
sort "$dir/docs" >"$dir/b"
compare "$dir/a" "$dir/b" "docs/configuration.md has every option with its type and default"

cut -f 1 "$dir/table" | sort >"$dir/a"
cut -f 1 "$dir/sample" | sort >"$dir/b"
compare "$dir/a" "$dir/b" "conf/gatehouse.conf has every option once"

cut -f 1,3 "$dir/table" | sort >"$dir/a"
awk -F '\t' '$2 == "default" { print $1 "\t" $3 }' "$dir/sample" | sort >"$dir/b"
comm -13 "$dir/a" "$dir/b" >"$dir/wrong"
: >"$dir/none"
compare "$dir/none" "$dir/wrong" "options commented out in the sample show their default"

"$gatehouse" conf check --no-files -c conf/gatehouse.conf >"$dir/check" 2>&1
echo $? >"$dir/status"
echo 0 >"$dir/zero"
compare "$dir/zero" "$dir/status" "the sample is a valid configuration"
"$gatehouse" conf print >"$dir/printed.conf"
for name in $(cut -f 1 "$dir/table"); do
	grep -qE "^[[:space:]]*#? ?${name#*.} = " "$dir/printed.conf" || { echo "not ok - conf print lacks $name"; bad=1; }
done
exit "$bad"
