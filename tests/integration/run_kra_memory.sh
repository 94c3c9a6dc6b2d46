#!/bin/sh
# needs: root
# No secret stays in the memory of a KRA: its /proc/PID/mem is searched, which root alone may read.
set -eu
cd "$(dirname "$0")/../.."
make -s --no-print-directory BUILD="${BUILD:-build}" "${BUILD:-build}/gatehouse-signer" \
    "${BUILD:-build}/tests/integration/test_kra_memory"
"${BUILD:-build}/tests/integration/test_kra_memory"
