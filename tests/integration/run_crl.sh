#!/bin/sh
# CRLs against a private PostgreSQL and a real signer; OpenSSL is the relying party.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
[ -n "${NO_BUILD:-}" ] || make -s --no-print-directory BUILD="$build" "$build/gatehouse-signer" \
    "$build/tests/integration/test_crl"
dir=$(mktemp -d "${TMPDIR:-/tmp}/gh-crl.XXXXXX")
chmod 711 "$dir"
trap 'tests/servers/postgres.sh stop "$dir/postgres"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
tests/servers/postgres.sh start "$dir/postgres"
. "$dir/postgres/env"
export PGCONNINFO
CRL_DIR=$dir ${RUNNER:-} "$build/tests/integration/test_crl"
