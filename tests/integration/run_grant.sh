#!/bin/sh
# Rows that grant rights against a private PostgreSQL, whose owner the test plays.
set -eu
cd "$(dirname "$0")/../.."
make -s --no-print-directory BUILD="${BUILD:-build}" "${BUILD:-build}/tests/integration/test_grant"
dir=$(mktemp -d /tmp/gh-grant.XXXXXX)
chmod 711 "$dir"
cluster=$dir/postgres
trap 'tests/servers/postgres.sh stop "$cluster"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
tests/servers/postgres.sh start "$cluster"
. "$cluster/env"
export PGCONNINFO PGSOCKETDIR
POSTGRES_SH=$PWD/tests/servers/postgres.sh POSTGRES_DIR=$cluster "${BUILD:-build}/tests/integration/test_grant"
