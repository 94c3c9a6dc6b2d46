#!/bin/bash
# The directory layer against slapd and Samba. samba.sh asks sudo when the caller is not root.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
servers=$PWD/tests/servers
dir=$(mktemp -d "${TMPDIR:-/tmp}/gatehouse-dir.XXXXXX")
# provisioned once for all tests
export SAMBA_CACHE=${SAMBA_CACHE:-$PWD/var/samba}

finish()
{
	"$servers/slapd.sh" stop "$dir/slapd" || true
	[ ! -e "$dir/samba/ip" ] || "$servers/samba.sh" clean "$dir/samba" || true
	rm -rf "$dir"
}
trap finish EXIT

programs=("$build"/tests/integration/test_dir{,_faults,_ad})
[ -n "${NO_BUILD:-}" ] || make -s --no-print-directory BUILD="$build" "${programs[@]}"
"$servers/slapd.sh" start "$dir/slapd"
"$servers/samba.sh" start "$dir/samba"
set -a
. "$dir/slapd/env"
. "$dir/samba/env"
SLAPD_SH=$servers/slapd.sh
SLAPD_DIR=$dir/slapd
set +a
for program in "${programs[@]}"; do
	${RUNNER:-} "$program"
done
