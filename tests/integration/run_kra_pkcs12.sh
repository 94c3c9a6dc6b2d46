#!/bin/sh
# PKCS#12 as a KRA makes them, read by others: openssl, Java's keytool, NSS's pk12util.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
make -s --no-print-directory BUILD="$build" "$build/gatehouse-signer" "$build/tests/integration/test_kra_pkcs12"
P12_DIR=$(mktemp -d /tmp/gh-pkcs12.XXXXXX)
trap 'rm -rf "$P12_DIR"' EXIT
trap 'exit 1' INT TERM
# passwords and names are UTF-8
LC_ALL=C.UTF-8 P12_DIR="$P12_DIR" "$build/tests/integration/test_kra_pkcs12"
