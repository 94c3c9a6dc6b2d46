#!/bin/bash
# The job that makes and publishes CRLs, and what is served over HTTP: private PostgreSQL and slapd, real signer.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
[ -n "${NO_BUILD:-}" ] || make -s --no-print-directory BUILD="$build" "$build/gatehouse-signer" \
    "$build/tests/integration/test_crl_job"
dir=$(mktemp -d "${TMPDIR:-/tmp}/gh-crl-job.XXXXXX")
chmod 711 "$dir"
finish()
{
	tests/servers/postgres.sh thaw "$dir/postgres" 2>/dev/null || true
	tests/servers/postgres.sh stop "$dir/postgres" || true
	tests/servers/slapd.sh stop "$dir/slapd" || true
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM
tests/servers/postgres.sh start "$dir/postgres"
tests/servers/slapd.sh start "$dir/slapd"
set -a
. "$dir/postgres/env"
. "$dir/slapd/env"
CRL_DIR=$dir
SERVERS=$PWD/tests/servers
set +a
${RUNNER:-} "$build/tests/integration/test_crl_job"
