#!/bin/bash
# What bash and zsh complete is what the commands take: for each command exactly the options of its --help, for each
# noun its verbs, and files behind options that take a file.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
bad=0
make -s --no-print-directory completion >/dev/null || exit 1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck disable=SC1090
. "$build/completion/gatehouse"
compopt() { :; }        # works only while a real completion runs

# Replies of bash to the words given, the last one being completed.
bash_says()
{
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_gatehouse
	printf '%s\n' "${COMPREPLY[@]}" | sed '/^$/d' | sort -u
}

# The same with zsh: _arguments and _describe are replaced by ones that print what they were given.
cat >"$dir/ask.zsh" <<'END'
_arguments() { local s; for s in "$@"; do [[ $s == \** && $s != \*-* ]] || print -r -- ${${${s#\(*\)}#\*}%%\[*}; done }
_describe() { print -rl -- ${${(P)2}%%:*} }
_files() { print files }
file=$1
while IFS= read -r line; do
	words=(gatehouse ${(s: :)line})
	CURRENT=$#words
	[[ $line == *' ' ]] && words+=('') && CURRENT=$#words
	print -r -- "== $line"
	source $file
done
END

expect()
{
	[ "$1" = "$2" ] && return
	echo "not ok - $3"
	diff <(echo "$1") <(echo "$2") | sed 's/^/# /' | head -n 10
	bad=1
}

"$build/gatehouse" help --list >"$dir/commands"
[ -s "$dir/commands" ] || { echo "not ok - no commands"; exit 1; }
while read -r command; do
	# shellcheck disable=SC2086
	"$build/gatehouse" $command --help | grep -oE '^  (-[a-z], )?--[a-z0-9-]+' | grep -oE -- '--.*' |
	    sort -u >"$dir/options"
	# shellcheck disable=SC2086
	expect "$(cat "$dir/options")" "$(bash_says gatehouse $command --)" "bash: options of $command"
	sed "s/^/$command	/" "$dir/options" >>"$dir/all"
done <"$dir/commands"
sed 's/$/ -/' "$dir/commands" | zsh -f "$dir/ask.zsh" "$build/completion/_gatehouse" |
    awk '/^== / { sub(/^== /, ""); sub(/ -$/, ""); command = $0; next } /^--/ { print command "\t" $0 }' |
    sort -u >"$dir/zsh"
expect "$(sort -u "$dir/all")" "$(cat "$dir/zsh")" "zsh: options of all commands"

for noun in $(cut -d' ' -f1 "$dir/commands" | sort -u); do
	verbs=$(sed -n "s/^$noun //p" "$dir/commands" | sort)
	[ -n "$verbs" ] || continue
	expect "$verbs" "$(bash_says gatehouse "$noun" "" | grep -v '^--')" "bash: verbs of $noun"
	expect "$verbs" "$(printf '%s \n' "$noun" | zsh -f "$dir/ask.zsh" "$build/completion/_gatehouse" |
	    sed 1d | sort)" "zsh: verbs of $noun"
done
expect "$(cut -d' ' -f1 "$dir/commands" | sort -u)" "$(bash_says gatehouse "" | grep -v '^--')" "bash: commands"

touch "$dir/some.conf"
expect "$dir/some.conf" "$(bash_says gatehouse app list -c "$dir/some")" "bash: files behind -c"
expect "" "$(bash_says gatehouse app create --ca "$dir/some")" "bash: no files behind --ca"
[ "$bad" -ne 0 ] || echo "$(wc -l <"$dir/all") options of $(wc -l <"$dir/commands") commands"
exit "$bad"
