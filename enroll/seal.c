/*
 * Secrets at rest. A sealed value is base64 of: version 1, 12 bytes of nonce, ciphertext, 16 bytes
 * of tag (AES-256-GCM, NIST SP 800-38D), under a key that HKDF draws from the server secret, which
 * is not in the database: a dump of the database alone shows nothing.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "digest.h"
#include "encoding.h"
#include "error.h"

#include "catalog.h"
#include "seal.h"

#define SEAL_VERSION 1
#define SEAL_NONCE_SIZE 12
#define SEAL_TAG_SIZE 16
#define SEAL_OVERHEAD (1 + SEAL_NONCE_SIZE + SEAL_TAG_SIZE)
#define SEAL_PLAIN_MAX 4096 /* bytes; secrets are far shorter */

/* The sealed bytes into out, SEAL_OVERHEAD + n of them. */
static bool
encrypt(const unsigned char key[GH_KEY_SIZE], const void *p, size_t n, unsigned char *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char *nonce = out + 1, *text = nonce + SEAL_NONCE_SIZE;
	const unsigned char *aad = (const unsigned char *)SEAL_LABEL_APP_SECRET;
	int len = 0;
	bool ok;

	out[0] = SEAL_VERSION;
	ok = ctx != NULL && RAND_bytes(nonce, SEAL_NONCE_SIZE) == 1 &&
	    EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
	    EVP_EncryptUpdate(ctx, NULL, &len, aad, (int)strlen(SEAL_LABEL_APP_SECRET)) == 1 &&
	    EVP_EncryptUpdate(ctx, text, &len, p, (int)n) == 1 &&
	    EVP_EncryptFinal_ex(ctx, text + n, &len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, SEAL_TAG_SIZE, text + n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static bool
decrypt(const unsigned char key[GH_KEY_SIZE], unsigned char *in, size_t n, unsigned char *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char *nonce = in + 1, *text = nonce + SEAL_NONCE_SIZE;
	const unsigned char *aad = (const unsigned char *)SEAL_LABEL_APP_SECRET;
	int len = 0;
	bool ok;

	ok = ctx != NULL && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
	    EVP_DecryptUpdate(ctx, NULL, &len, aad, (int)strlen(SEAL_LABEL_APP_SECRET)) == 1 &&
	    EVP_DecryptUpdate(ctx, out, &len, text, (int)n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, SEAL_TAG_SIZE, text + n) == 1 &&
	    EVP_DecryptFinal_ex(ctx, out + n, &len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

int
catalog_seal(const unsigned char server_secret[32], const void *p, size_t n, char **out,
    struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE], *sealed;
	int rc;

	*out = NULL;
	if (n > SEAL_PLAIN_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST, "a secret of more than %d bytes",
		    SEAL_PLAIN_MAX);
	if ((rc = gh_derive_key(server_secret, SEAL_LABEL_APP_SECRET, key, err)) != 0)
		return rc;
	if ((sealed = malloc(SEAL_OVERHEAD + n)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "sealing");
	else if (!encrypt(key, p, n, sealed))
		rc = gh_fail(err, GH_E_INTERNAL, "AES-256-GCM encryption failed");
	else if ((*out = gh_base64_encode(sealed, SEAL_OVERHEAD + n, GH_BASE64_ONE_LINE)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "sealing");
	free(sealed);
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

/* Decoded bytes -> plain text. */
static int
open_sealed(const unsigned char key[GH_KEY_SIZE], unsigned char *in, size_t in_len,
    unsigned char **out, size_t *out_len, struct gh_error *err)
{
	unsigned char *plain;
	size_t n;

	if (in_len < SEAL_OVERHEAD || in_len > SEAL_OVERHEAD + SEAL_PLAIN_MAX ||
	    in[0] != SEAL_VERSION)
		return gh_fail(err, GH_E_CONF, "a sealed secret has length %zu or a wrong version",
		    in_len);
	n = in_len - SEAL_OVERHEAD;
	if ((plain = malloc(n + 1)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "unsealing");
	if (!decrypt(key, in, n, plain)) {
		OPENSSL_cleanse(plain, n + 1);
		free(plain);
		return gh_refuse(err, GH_E_CONF,
		    "a stored secret does not open: it was sealed under another server secret");
	}
	plain[n] = '\0';
	*out = plain;
	*out_len = n;
	return 0;
}

int
catalog_unseal(const unsigned char server_secret[32], const char *text, unsigned char **out,
    size_t *out_len, struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE], *sealed = NULL;
	size_t len;
	int rc;

	*out = NULL;
	*out_len = 0;
	if (gh_base64_decode(text, strlen(text), &sealed, &len, NULL) != 0)
		return gh_fail(err, GH_E_CONF, "a sealed secret is not base64");
	rc = gh_derive_key(server_secret, SEAL_LABEL_APP_SECRET, key, err);
	if (rc == 0)
		rc = open_sealed(key, sealed, len, out, out_len, err);
	OPENSSL_cleanse(key, sizeof(key));
	free(sealed);
	return rc;
}

/* No result can be returned: when OpenSSL fails, the index is zero and matches no application. */
void
catalog_key_index(const unsigned char server_secret[32], const void *key, size_t n,
    unsigned char out[32])
{
	unsigned char derived[GH_KEY_SIZE];

	memset(out, 0, 32);
	if (n > SEAL_PLAIN_MAX ||
	    gh_derive_key(server_secret, SEAL_LABEL_KEY_INDEX, derived, NULL) != 0)
		return;
	if (!gh_hmac(GH_SHA256, derived, sizeof(derived), key, n, out))
		memset(out, 0, 32);
	OPENSSL_cleanse(derived, sizeof(derived));
}
