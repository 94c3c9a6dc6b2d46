#!/bin/sh
# Revocation against a private PostgreSQL, also through a proxy that loses answers.
set -eu
cd "$(dirname "$0")/../.."
make -s --no-print-directory BUILD="${BUILD:-build}" "${BUILD:-build}/tests/integration/test_revocation"
dir=$(mktemp -d /tmp/gh-revocation.XXXXXX)
chmod 711 "$dir"
cluster=$dir/postgres
trap 'tests/servers/postgres.sh thaw "$cluster" 2>/dev/null; tests/servers/postgres.sh stop "$cluster"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
tests/servers/postgres.sh start "$cluster"
. "$cluster/env"
export PGCONNINFO PGSOCKETDIR
POSTGRES_SH=$PWD/tests/servers/postgres.sh POSTGRES_DIR=$cluster "${BUILD:-build}/tests/integration/test_revocation"
