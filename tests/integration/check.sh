# Sourced by the shell tests, which set $dir, a folder of their own: cases, and what they ask of commands.
number=0 failed=0

# check NAME COMMAND...: one case, ok when the command (a function of the test) is true
check()
{
	local name=$1 begin=$SECONDS

	shift
	number=$((number + 1))
	# not as a condition: set -e would have no effect in it
	(set -e; "$@") >"$dir/log" 2>&1
	if [ $? -eq 0 ]; then
		echo "ok $number - $name ($((SECONDS - begin)) s)"
	else
		echo "not ok $number - $name"
		sed 's/^/# /' "$dir/log" | tail -n 60
		failed=1
	fi
}

# The plan, and the exit status.
checked()
{
	echo "1..$number"
	exit "$failed"
}

# expect STATUS WORD COMMAND...: exit code, and what standard error must say
expect()
{
	local status=$1 word=$2 got=0

	shift 2
	"$@" >"$dir/out" 2>"$dir/err" || got=$?
	cat "$dir/out" "$dir/err"
	[ "$got" = "$status" ] || { echo "exit code $got, not $status"; return 1; }
	[ -z "$word" ] || grep -qF -- "$word" "$dir/err" || { echo "stderr lacks: $word"; return 1; }
}

# is JQ-EXPRESSION COMMAND...: the JSON it prints makes the expression true
is()
{
	local expression=$1

	shift
	"$@" | tee /dev/stderr | [ "$(jq "$expression")" = true ]
}
