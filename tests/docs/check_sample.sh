#!/bin/bash
# The types in docs/configuration.md are those of the option table; what the sample comments out is the
# default; sample and printed defaults are configurations that load (check_options.py compares the names).
set -uo pipefail
cd "$(dirname "$0")/../.."
gatehouse=${BUILD:-build}/gatehouse
sample=conf/gatehouse.conf.sample
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0

"$gatehouse" conf print --names >"$dir/table" || exit 1
[ -s "$dir/table" ] || { echo "the option table is empty"; exit 1; }

# Empty when every line of $2 is in $1.
expect_within()
{
	sort "$1" >"$dir/a"
	sort "$2" >"$dir/b"
	[ -s "$dir/b" ] || { echo "not ok - $3: nothing found"; bad=1; return; }
	if [ -n "$(comm -13 "$dir/a" "$dir/b")" ]; then
		echo "not ok - $3"
		comm -13 "$dir/a" "$dir/b" | sed 's/^/# /'
		bad=1
	else
		echo "ok - $3"
	fi
}

expect_loads()
{
	if "$gatehouse" conf check --no-files -c "$1" >"$dir/log" 2>&1; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		sed 's/^/# /' "$dir/log"
		bad=1
	fi
}

# name TAB type TAB default
sed -n 's/^| `\([a-z]*\.[a-z_]*\)` | \([a-z]*\) | \([^|]*\) |.*/\1\t\2\t\3/p' docs/configuration.md |
    sed -e 's/\*(must be set)\*$//' -e 's/\*(empty)\*$//' -e 's/`//g' >"$dir/docs"
expect_within "$dir/table" "$dir/docs" "docs/configuration.md tells types and defaults"

awk '/^[a-z]+ \{$/ { section = $1 }
    match($0, /^\t# [a-z_]+ = /) {
	name = $2
	value = $0; sub(/^\t# [a-z_]+ = /, "", value); gsub(/"/, "", value)
	print section "." name "\t" value
    }' "$sample" >"$dir/commented"
cut -f 1,3 "$dir/table" >"$dir/defaults"
expect_within "$dir/defaults" "$dir/commented" "what the sample comments out is the default"

expect_loads "$sample" "the sample loads"
# Options without a default must be set: take them from the sample.
"$gatehouse" conf print >"$dir/printed.conf" || bad=1
for name in $(awk -F '\t' '$3 == "" { print $1 }' "$dir/table"); do
	line=$(grep -E "^	${name#*.} = " "$sample") || continue
	awk -v section="${name%%.*}" -v option="${name#*.}" -v line="$line" '
	    /^[a-z]+ \{$/ { in_section = $1 == section }
	    in_section && $0 ~ "^\t(# )?" option " = " { print line; next }
	    { print }' "$dir/printed.conf" >"$dir/next" && mv "$dir/next" "$dir/printed.conf"
done
expect_loads "$dir/printed.conf" "the printed defaults load when what must be set is set"
exit "$bad"
