#!/bin/sh
# bench_crl against a private PostgreSQL: bench_crl.sh [N] [ROUNDS] [KEY-ALG]
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
make -s --no-print-directory BUILD="$build" "$build/gatehouse-signer" "$build/tests/bench/bench_crl"
dir=$(mktemp -d "${TMPDIR:-/tmp}/gh-bench-crl.XXXXXX")
chmod 711 "$dir"
trap 'tests/servers/postgres.sh stop "$dir/postgres"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
tests/servers/postgres.sh start "$dir/postgres"
. "$dir/postgres/env"
export PGCONNINFO
"$build/tests/bench/bench_crl" "$@"
