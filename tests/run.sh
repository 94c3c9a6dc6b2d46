#!/bin/bash
# make check: everything that proves Gatehouse, in one run, nothing skipped.
#	tests/run.sh [PATTERN]		only the steps whose name matches the shell pattern
# A step is a program with a time limit, which is for what hangs: several times what it takes on a busy machine. Its output goes to var/check/NAME.log and is shown when the
# step fails. It prints TAP lines ("1..2", "ok 1 - x", "not ok 2 - y"): as many as it has planned, and at least one, or
# it has failed. A plain step (a build, a check of documents) may print none and counts as one then. How long each took is printed and kept in
# var/check/times. Ends with "N passed, N failed"; the exit status says the same.
#
# After the build by gcc two queues are worked on. Steps with servers: as many side by side as there are processors, and one more as long
# as these are not busy, since such a step waits for most of its time. Those that take long begin first (tests/times), so that none
# ends alone. Steps that only compute: as many as there are processors, with what the others leave (nice); the first of them is the
# build with the sanitizers.
set -uo pipefail
cd "$(dirname "$0")/.."

ONLY=${1:-*}
OUT=$PWD/var/check
JOBS=$(nproc)
WIDE=$((6 * JOBS))
NICENESS=$(nice)
STARTED=$SECONDS
FUZZ_SECONDS=${FUZZ_SECONDS:-1}

exec </dev/null
mkdir -p "$OUT"
exec 9>"$OUT/lock"
flock -n 9 || { echo "check: another run is under way in this tree" >&2; exit 1; }
rm -f "$OUT"/*.log "$OUT"/*.result "$OUT"/*.time "$OUT/ended"
# A line for each step that has ended.
mkfifo "$OUT/ended"
exec 8<>"$OUT/ended"

export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
unset MAKEFLAGS MAKELEVEL MFLAGS
# These are for the demo: steps run side by side, each on free ports of its own.
unset GATEHOUSE_PORT GATEHOUSE_HTTP_PORT
# The servers of the tests must not be reached through a proxy of the machine.
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
# /usr/bin/psql is a Perl program that looks for the clusters of the machine: it takes more than four times the processor time of the real one.
SERVER_PROGRAMS=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
export PATH=${SERVER_PROGRAMS:+$SERVER_PROGRAMS:}$PATH

# Seconds since a time of $EPOCHREALTIME, with one decimal.
since()
{
	local us=$((${EPOCHREALTIME/./} - ${1/./}))

	printf '%d.%d' $((us / 1000000)) $((us / 100000 % 10))
}

# The build is what all other steps work on.
is_wanted()
{
	# shellcheck disable=SC2254
	case $1 in build-gcc | $ONLY) ;; *) return 1 ;; esac
}

# Run one step: NAME SECONDS COMMAND...
step()
{
	local name=$1 limit=$2 log=$OUT/$1.log begin=$EPOCHREALTIME rc=0 good bad planned seconds

	shift 2
	is_wanted "$name" || return 0
	timeout -k 20 "$limit" "$@" >"$log" 2>&1 8>&- 9>&- || rc=$?
	seconds=$(since "$begin")
	good=$(grep -Ec '^ok( |$)' "$log")
	bad=$(grep -Ec '^not ok( |$)' "$log")
	# a program of several groups has several plans
	planned=$(awk -F'[.][.]' '/^1[.][.][0-9]+$/ { n += $2 } END { print (n > 0 ? n : 1) }' "$log")
	[ "$rc" -ne 124 ] || echo "check: no end after $limit s" >>"$log"
	if [ "$rc" -eq 0 ] && [ -n "${PLAIN:-}" ] && [ $((good + bad)) -eq 0 ]; then
		good=1
	elif [ "$rc" -eq 0 ] && [ $((good + bad)) -lt "$planned" ]; then
		echo "check: $((good + bad)) results, $planned are wanted" >>"$log"
		bad=$((bad + 1))
	elif [ "$rc" -ne 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
	fi
	echo "$good $bad" >"$OUT/$name.result"
	echo "$name $seconds" >"$OUT/$name.time"
	if [ "$bad" -eq 0 ]; then
		printf 'ok    %-44s %4d passed %6s s\n' "$name" "$good" "$seconds"
		return 0
	fi
	{
		printf 'FAIL  %-44s %4d failed %6s s (status %d), %s:\n' "$name" "$bad" "$seconds" "$rc" \
		    "var/check/$name.log"
		grep -E '^not ok|ERROR|rror:' "$log" | head -n 20 | sed 's/^/    | /'
		tail -n 40 "$log" | sed 's/^/    /'
	}
	return 1
}

# One whose exit status is its only result.
plain()
{
	PLAIN=1 step "$@"
}

# What needs the build with the sanitizers, and is not of the queue that begins with it.
sanitized()
{
	until [ -e "$OUT/build-sanitizers.result" ] || ! is_wanted build-sanitizers; do
		sleep 1
	done
	step "$@"
}

# --- side by side --------------------------------------------------------------------------------
servers=() computing=() # "RANK SECONDS COMMAND": the smaller rank begins first, then who takes longer
declare -A took="($(sed 's/^\([^ ]*\) \(.*\)/[\1]=\2/' tests/times))"

# QUEUE RANK SECONDS [plain | sanitized] NAME LIMIT COMMAND...: to be run by run_queues. SECONDS: what it takes unless tests/times says so.
later()
{
	local -n queue=$1
	local rank=$2 seconds=$3 how=step line

	shift 3
	case $1 in plain | sanitized) how=$1; shift ;; esac
	is_wanted "$1" || return 0
	printf -v line '%q ' "$how" "$@"
	queue+=("$rank ${took[$1]:-$seconds} $line")
}

# What /proc/stat says of the processors, in ticks since the machine began. What nice steps take is free for others; where all of
# this run is nice itself, nobody can tell what is theirs.
look()
{
	local user nice sys idle disk irq soft steal

	read -r _ user nice sys idle disk irq soft steal _ </proc/stat
	[ "$NICENESS" -eq 0 ] || user=$((user + nice)) nice=0
	looked=$SECONDS unused=$((idle + disk)) free=$((idle + disk + nice)) total=$((user + nice + sys + idle + disk + irq + soft + steal))
}

# A quarter of their time was free for a second or two in which no step has begun.
was_free()
{
	local free_then=$free total_then=$total

	[ $((SECONDS - looked)) -ge 2 ] || return 1
	look
	[ $(((free - free_then) * 4)) -ge $((total - total_then)) ]
}

# Steps of this shell that run, but for the other queue.
running()
{
	jobs -rp | grep -vcxF "${other:-none}"
}

has_room()
{
	local n

	n=$(running)
	[ "$n" -ge "$JOBS" ] || return 0
	[ "$n" -lt "$WIDE" ] && was_free
}

# Lines of a queue in their order: all but rank and seconds.
in_order()
{
	[ "$#" -eq 0 ] || printf '%s\n' "$@" | sort -s -k1,1n -k2,2nr | cut -d' ' -f3-
}

compute()
{
	local line

	plain build-sanitizers 1800 nice -n 15 make -j "$JOBS" --no-print-directory sanitized </dev/null
	while read -r line; do
		until [ "$(running)" -lt "$JOBS" ]; do
			wait -n
		done
		eval "$line" </dev/null &
	done < <(in_order "${computing[@]}")
	wait
}

run_queues()
{
	local line looked unused free total other unused_then total_then

	look
	unused_then=$unused total_then=$total
	compute &
	other=$!
	while read -r line; do
		look
		until has_room; do
			read -rt 0.2 -u 8
		done
		{ eval "$line"; echo >&8; } </dev/null &
	done < <(in_order "${servers[@]}")
	wait
	look
	left=$(((unused - unused_then) * 100 / (total - total_then + 1)))
}

name_of()
{
	local n=${1#*tests/}
	n=${n%.sh}
	echo "${n//\//-}"
}

# Unit tests of one build: LABEL BUILD LIMIT [COMMAND that runs them...]. Valgrind is slow, and the sanitizers find what it
# finds but reads of uninitialised memory: it gets the programs that have a comment "valgrind: why", and these alter fewer octets.
unit_tests()
{
	local label=$1 build=$2 limit=$3 t

	shift 3
	for t in $(make -s --no-print-directory BUILD="$build" list-tests); do
		[ "$label" != valgrind ] || grep -q 'valgrind: ' "${t#"$build"/}.c" || continue
		later computing 1 1 "$label-$(name_of "$t")" "$limit" nice -n 15 "$@" "$t"
	done
}

# Scripts that need root say so in a comment line "# needs: root".
as_needed()
{
	if [ "$(id -u)" != 0 ] && grep -qs '^# needs: root' "$1"; then
		if ! sudo -n true 2>/dev/null; then
			printf 'echo "%s needs root (ports below 1024 on a loopback address), and sudo %s"; exit 1' \
			    "$1" "asks for a password: run make check as root or allow sudo" >"$OUT/noroot.sh"
			echo "bash $OUT/noroot.sh"
			return
		fi
		echo "sudo -n -E $1"
		return
	fi
	echo "$1"
}

build()
{
	plain build-gcc 1800 make -j "$JOBS" --no-print-directory CC=gcc all tests integration-tests check-programs
}

# Each step with a database has a cluster of its own, and each of these begins as a copy of this one.
prepare_cluster()
{
	local dir=$OUT/cluster

	[ "${#servers[@]}" -gt 0 ] || return 0
	[ ! -e "$dir" ] || { tests/servers/postgres.sh stop "$dir"; rm -rf "$dir"; }
	tests/servers/postgres.sh start "$dir" && tests/servers/postgres.sh stop "$dir" || return 0
	# No test takes the power away: what a killed server has written is in the page cache. A commit that waits for a disk with which
	# twelve steps are busy takes seconds.
	printf '%s\n' 'fsync = off' 'full_page_writes = off' >>"$dir/data/postgresql.conf"
	export PREPARED_CLUSTER=$dir
}

units()
{
	unit_tests unit build 600
	unit_tests sanitizers build/sanitized 900
	unit_tests valgrind build 1800 env CASE_STRIDE=7 valgrind --quiet --error-exitcode=99 --leak-check=full \
	    --errors-for-leak-kinds=definite,indirect,possible --num-callers=30 \
	    --suppressions=tests/valgrind.suppressions
}

static_checks()
{
	later computing 1 10 plain cppcheck 1800 nice -n 15 tests/cppcheck.sh
	local t
	for t in tests/docs/check_*; do
		[ -x "$t" ] && later computing 1 1 plain "$(name_of "${t%.*}")" 600 nice -n 15 "$t"
	done
	later computing 1 1 plain shell-syntax 120 nice -n 15 bash -c 'git ls-files "*.sh" .ci/run | xargs -n 1 bash -n'
}

# By the clock, and so not nice.
fuzzers()
{
	local f
	for f in tests/fuzz/fuzz_*.c; do
		f=${f##*/}
		later computing 2 "$FUZZ_SECONDS" plain "fuzz-${f%.c}" $((FUZZ_SECONDS * 6 + 60)) tests/fuzz/run.sh "${f%.c}" "$FUZZ_SECONDS"
	done
}

integration()
{
	local t

	for t in tests/integration/run_*.sh; do
		# shellcheck disable=SC2046
		later servers 1 40 "$(name_of "$t")" 900 $(as_needed "$t")
	done
}

# Programs that need the build with the sanitizers say so in a comment line "# needs: sanitizers".
end_to_end()
{
	local t how

	for t in tests/e2e/test_*.py; do
		how=
		! grep -q '^# needs: sanitizers' "$t" || how="2 40 sanitized"
		# shellcheck disable=SC2046
		later servers ${how:-1 40} "$(name_of "${t%.py}")" 900 $(as_needed "$t")
	done
}

summary()
{
	local good=0 bad=0 ran=0 g b f

	for f in "$OUT"/*.result; do
		[ -e "$f" ] || continue
		read -r g b <"$f"
		case $f in */build-gcc.result) ;; *) ran=1 ;; esac
		good=$((good + g))
		bad=$((bad + b))
		[ "$b" -eq 0 ] || failed+=("$(basename "$f" .result)")
	done
	if [ "$ran" -eq 0 ]; then
		echo "check: no step has a name like $ONLY" >&2
		bad=1
	fi
	# the slowest of this run, and the last time of each step there is
	cat "$OUT"/*.time 2>/dev/null | sort -k2,2nr | head -n 8 | sed 's/^/slow: /'
	touch "$OUT/times"
	cat "$OUT"/*.time "$OUT/times" 2>/dev/null | awk '!seen[$1]++' | sort -k2,2nr >"$OUT/times.new"
	mv "$OUT/times.new" "$OUT/times"
	[ "${#failed[@]}" -eq 0 ] || printf 'failed: %s\n' "${failed[@]}"
	printf '%d min %d s, processors unused after the build: %d %%\n' $(((SECONDS - STARTED) / 60)) $(((SECONDS - STARTED) % 60)) "$left"
	echo "$good passed, $bad failed"
	[ "$bad" -eq 0 ]
}

failed=()
left=0                  # of the processors' time, in percent
build
units
static_checks
integration
end_to_end
fuzzers
prepare_cluster
run_queues
summary
