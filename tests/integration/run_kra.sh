#!/bin/sh
# Keys archived and recovered, with a private PostgreSQL, which the test itself kills and restarts, and a real KRA.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
make -s --no-print-directory BUILD="$build" "$build/tests/integration/test_kra" \
	"$build/tests/integration/test_kra_forged" "$build/tests/integration/test_kra_policy" \
	"$build/tests/integration/test_kra_notifications" "$build/gatehouse-signer"
dir=$(mktemp -d /tmp/gh-kra.XXXXXX)
chmod 711 "$dir"
cluster=$dir/postgres
trap 'tests/servers/postgres.sh thaw "$cluster" 2>/dev/null; tests/servers/postgres.sh stop "$cluster"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
tests/servers/postgres.sh start "$cluster"
. "$cluster/env"
POSTGRES_SH=$PWD/tests/servers/postgres.sh
POSTGRES_DIR=$cluster
export PGCONNINFO PGSOCKETDIR POSTGRES_SH POSTGRES_DIR
for t in test_kra test_kra_forged test_kra_policy test_kra_notifications; do
	"$build/tests/integration/$t"
done
