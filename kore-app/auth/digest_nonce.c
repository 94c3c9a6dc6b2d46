/* Nonces of Digest. See digest_nonce.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "catalog/catalog_seal.h"
#include "hex.h"

#include "digest_nonce.h"

#define TIME_BYTES 8
#define RANDOM_BYTES 16
#define MAC_BYTES 16
#define BYTES (TIME_BYTES + RANDOM_BYTES + MAC_BYTES)
#define SKEW_SECONDS 60 /* between the clocks of nodes */

static int
put_mac(const unsigned char server_secret[32], unsigned char raw[BYTES], struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE], mac[GH_DIGEST_MAX];
	int rc = gh_derive_key(server_secret, SEAL_LABEL_DIGEST_NONCE, key, err);

	if (rc == 0 && !gh_hmac(GH_SHA256, key, sizeof(key), raw, TIME_BYTES + RANDOM_BYTES, mac))
		rc = gh_fail(err, GH_E_INTERNAL, "MAC of a nonce");
	if (rc == 0)
		memcpy(raw + TIME_BYTES + RANDOM_BYTES, mac, MAC_BYTES);
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

int
digest_nonce_make(const unsigned char server_secret[32], int64_t now, char out[DIGEST_NONCE_SIZE],
    struct gh_error *err)
{
	unsigned char raw[BYTES];
	int rc;

	out[0] = '\0';
	for (int i = 0; i < TIME_BYTES; i++)
		raw[i] = (unsigned char)((uint64_t)now >> (8 * (TIME_BYTES - 1 - i)));
	if (RAND_bytes(raw + TIME_BYTES, RANDOM_BYTES) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	if ((rc = put_mac(server_secret, raw, err)) == 0)
		(void)gh_hex_lower(raw, sizeof(raw), out);
	return rc;
}

static bool
is_ours(const unsigned char server_secret[32], const unsigned char raw[BYTES])
{
	unsigned char again[BYTES];

	memcpy(again, raw, BYTES);
	return put_mac(server_secret, again, NULL) == 0 && CRYPTO_memcmp(again, raw, BYTES) == 0;
}

enum digest_nonce_state
digest_nonce_look(const unsigned char server_secret[32], const char *nonce, int64_t now)
{
	unsigned char *raw = NULL;
	uint64_t made = 0;
	size_t n = 0;
	bool ok;

	/* one spelling, so that one nonce is not counted as two */
	if (strlen(nonce) != 2 * BYTES || strspn(nonce, "0123456789abcdef") != 2 * BYTES ||
	    gh_hex_decode(nonce, 2 * BYTES, &raw, &n, NULL) != 0)
		return DIGEST_NONCE_FOREIGN;
	ok = n == BYTES && is_ours(server_secret, raw);
	for (int i = 0; ok && i < TIME_BYTES; i++)
		made = made << 8 | raw[i];
	free(raw);
	if (!ok || made > (uint64_t)now + SKEW_SECONDS)
		return DIGEST_NONCE_FOREIGN;
	return (int64_t)made + DIGEST_NONCE_SECONDS < now ? DIGEST_NONCE_STALE : DIGEST_NONCE_GOOD;
}
