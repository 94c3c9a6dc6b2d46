#!/bin/bash
# Run one fuzzer: run.sh NAME SECONDS. Its seeds are in build/fuzz/seeds/NAME (make fuzz-seeds); what the fuzzer
# finds worth keeping goes to build/fuzz/corpus/NAME, an input that breaks it to var/fuzz/.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=$1 seconds=$2
program=build/sanitized/tests/fuzz/$name
corpus=build/fuzz/corpus/$name
seeds=build/fuzz/seeds/$name

[ -x "$program" ] || { echo "fuzz: $program is not built (make fuzz-build)" >&2; exit 1; }
[ -d "$seeds" ] || { echo "fuzz: $seeds is not there (make fuzz-seeds)" >&2; exit 1; }
mkdir -p "$corpus" var/fuzz
dict=tests/fuzz/$name.dict
options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
    -artifact_prefix="var/fuzz/$name-")
[ ! -e "$dict" ] || options+=(-dict="$dict")
"$program" "${options[@]}" "$corpus" "$seeds" 2>&1 | grep -Ev '^#[0-9]+.*(NEW|REDUCE|pulse)'
exit "${PIPESTATUS[0]}"
