#!/bin/bash
# Keys of CAs and of a KRA in a PKCS#11 token: SoftHSM2 through OpenSSL's engine. The tests move the token store away and
# back, and put another one in its place, while a signer runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
make -s --no-print-directory BUILD="$BUILD" "$BUILD/gatehouse-signer" "$BUILD/tests/integration/test_hsm" "$BUILD/tests/integration/test_kra_hsm"
HSM_DIR=$(mktemp -d /tmp/gh-hsm.XXXXXX)
trap 'rm -rf "$HSM_DIR"' EXIT
trap 'exit 1' INT TERM
export HSM_DIR
HSM_MODULE=$(find /usr/lib -name libsofthsm2.so | head -n 1)
[ -n "$HSM_MODULE" ] || { echo "no libsofthsm2.so: install softhsm2" >&2; exit 1; }
export HSM_MODULE
export SOFTHSM2_CONF=$HSM_DIR/softhsm2.conf
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' "$HSM_DIR" >"$SOFTHSM2_CONF"
umask 077
echo 4711 >"$HSM_DIR/pin"
echo 4712 >"$HSM_DIR/wrong-pin"

# A store: a token "gatehouse" with the keys of the test; the same keys each time.
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -outform DER -out "$HSM_DIR/root.der"
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -outform DER -out "$HSM_DIR/issuing.der"
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -outform DER -out "$HSM_DIR/strong.der"
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -outform DER -out "$HSM_DIR/kra-rsa.der"
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -outform DER -out "$HSM_DIR/kra-ec.der"
# NAME ID USAGE...: a key of the test, and its public half.
write_key()
{
	local name=$1 id=$2

	shift 2
	openssl pkey -inform DER -in "$HSM_DIR/$name.der" -pubout -outform DER -out "$HSM_DIR/$name.pub"
	token --write-object "$HSM_DIR/$name.der" --type privkey --label "$name" --id "$id" "$@"
	token --write-object "$HSM_DIR/$name.pub" --type pubkey --label "$name" --id "$id"
}
token()
{
	pkcs11-tool --module "$HSM_MODULE" --token-label gatehouse --login --pin 4711 "$@" >/dev/null 2>&1
}
store()
{
	mkdir "$HSM_DIR/tokens"
	softhsm2-util --init-token --free --label gatehouse --pin 4711 --so-pin 47114711 >/dev/null
	write_key root 01 --usage-sign
	write_key issuing 02 --usage-sign
	write_key strong 03 --usage-sign
	# of a KRA
	write_key kra-rsa 05 --usage-decrypt --usage-derive
	write_key kra-ec 06 --usage-decrypt --usage-derive
	# those that were born there are others in each store
	token --keypairgen --key-type rsa:2048 --label born-rsa --id 07 --usage-decrypt
	token --keypairgen --key-type EC:prime256v1 --label born-ec --id 08 --usage-derive
	token --keypairgen --key-type EC:prime256v1 --label born --id 09 --usage-sign
}
store
mv "$HSM_DIR/tokens" "$HSM_DIR/first"
store
mv "$HSM_DIR/tokens" "$HSM_DIR/second"
mv "$HSM_DIR/first" "$HSM_DIR/tokens"
"$BUILD/tests/integration/test_hsm"
"$BUILD/tests/integration/test_kra_hsm"
