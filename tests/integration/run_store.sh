#!/bin/sh
# The store against a private PostgreSQL, which the test itself kills, freezes and restarts.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
make -s --no-print-directory BUILD="$build" "$build/tests/integration/test_store" \
	"$build/tests/integration/test_record" "$build/tests/integration/test_record_key" \
	"$build/tests/integration/test_session"
dir=$(mktemp -d /tmp/gh-store.XXXXXX)
chmod 711 "$dir"
cluster=$dir/postgres
trap 'tests/servers/postgres.sh thaw "$cluster" 2>/dev/null; tests/servers/postgres.sh stop "$cluster"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
tests/servers/postgres.sh start "$cluster"
. "$cluster/env"
POSTGRES_SH=$PWD/tests/servers/postgres.sh
POSTGRES_DIR=$cluster
export PGCONNINFO PGSOCKETDIR POSTGRES_SH POSTGRES_DIR
for t in test_store test_record test_record_key test_session; do
	"$build/tests/integration/$t"
done
