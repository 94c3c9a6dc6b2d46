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
python3 - "$dir" <<'END'
import os, statistics, sys, time
fd, us = os.open(sys.argv[1] + "/fdatasync", os.O_CREAT | os.O_WRONLY, 0o600), []
for _ in range(200):
    os.write(fd, bytes(8192))
    begin = time.perf_counter()
    os.fdatasync(fd)
    us.append((time.perf_counter() - begin) * 1e6)
print(f"fdatasync of 8 KiB: median {statistics.median(us):.0f} us")
END
"$build/tests/bench/bench_crl" "$@"
