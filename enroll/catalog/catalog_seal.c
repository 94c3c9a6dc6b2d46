/*
 * Secrets at rest. A sealed value is base64 of: version 1, then what aead.h makes, under a key that
 * HKDF draws from the server secret, which is not in the database: a dump of the database alone
 * shows nothing.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "aead.h"
#include "encoding.h"

#include "catalog.h"
#include "catalog_seal.h"

#define SEAL_VERSION 1
#define SEAL_PLAIN_MAX 4096 /* bytes; secrets are far shorter */
#define SEAL_MAX (1 + GH_AEAD_OVERHEAD + SEAL_PLAIN_MAX)

/* The label is also what no other sealed value has, so that none can be put in place of another. */
static struct gh_der
aad(const char *label)
{
	return (struct gh_der){(const unsigned char *)label, strlen(label)};
}

int
catalog_seal_as(const char *label, const unsigned char server_secret[32], const void *p, size_t n,
    char **out, struct gh_error *err)
{
	struct gh_der plain = {p, n}, what = aad(label);
	unsigned char key[GH_KEY_SIZE];
	struct gh_buf sealed;
	int rc;

	*out = NULL;
	if (n > SEAL_PLAIN_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST, "a secret of more than %d bytes",
		    SEAL_PLAIN_MAX);
	if ((rc = gh_derive_key(server_secret, label, key, err)) != 0)
		return rc;
	gh_buf_init(&sealed, SEAL_MAX);
	gh_buf_put_u8(&sealed, SEAL_VERSION);
	rc = gh_aead_seal(key, &what, &plain, &sealed, err);
	if (rc == 0 &&
	    (*out = gh_base64_encode(sealed.data, sealed.len, GH_BASE64_ONE_LINE)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "sealing");
	gh_buf_free(&sealed);
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

/* Decoded bytes -> plain text, a NUL behind it. */
static int
open_sealed(const char *label, const unsigned char key[GH_KEY_SIZE], const unsigned char *in,
    size_t in_len, unsigned char **out, size_t *out_len, struct gh_error *err)
{
	struct gh_der message, what = aad(label);
	struct gh_buf plain;
	int rc;

	if (in_len < 1 + GH_AEAD_OVERHEAD || in_len > SEAL_MAX || in[0] != SEAL_VERSION)
		return gh_fail(err, GH_E_CONF, "a sealed secret has length %zu or a wrong version",
		    in_len);
	message = (struct gh_der){in + 1, in_len - 1};
	gh_buf_init(&plain, SEAL_PLAIN_MAX);
	plain.secret = true;
	rc = gh_aead_open(key, &what, &message, &plain, err);
	if (rc == GH_E_BAD_REQUEST)
		rc = gh_refuse(err, GH_E_CONF,
		    "a stored secret does not open: it was sealed under another server secret");
	if (rc != 0) {
		gh_buf_free(&plain);
		return rc;
	}
	*out = plain.data;
	*out_len = plain.len;
	return 0;
}

int
catalog_unseal_as(const char *label, const unsigned char server_secret[32], const char *text,
    unsigned char **out, size_t *out_len, struct gh_error *err)
{
	unsigned char key[GH_KEY_SIZE], *sealed = NULL;
	size_t len;
	int rc;

	*out = NULL;
	*out_len = 0;
	if (gh_base64_decode(text, strlen(text), &sealed, &len, NULL) != 0)
		return gh_fail(err, GH_E_CONF, "a sealed secret is not base64");
	rc = gh_derive_key(server_secret, label, key, err);
	if (rc == 0)
		rc = open_sealed(label, key, sealed, len, out, out_len, err);
	OPENSSL_cleanse(key, sizeof(key));
	free(sealed);
	return rc;
}

int
catalog_seal(const unsigned char server_secret[32], const void *p, size_t n, char **out,
    struct gh_error *err)
{
	return catalog_seal_as(SEAL_LABEL_APP_SECRET, server_secret, p, n, out, err);
}

int
catalog_unseal(const unsigned char server_secret[32], const char *text, unsigned char **out,
    size_t *out_len, struct gh_error *err)
{
	return catalog_unseal_as(SEAL_LABEL_APP_SECRET, server_secret, text, out, out_len, err);
}

/* No result can be returned: when OpenSSL fails, the index is zero and matches no application. */
void
catalog_index(const unsigned char index_key[GH_KEY_SIZE], const void *key, size_t n,
    unsigned char out[32])
{
	if (n > SEAL_PLAIN_MAX || !gh_hmac(GH_SHA256, index_key, GH_KEY_SIZE, key, n, out))
		memset(out, 0, 32);
}

void
catalog_key_index(const unsigned char server_secret[32], const void *key, size_t n,
    unsigned char out[32])
{
	unsigned char derived[GH_KEY_SIZE];

	memset(out, 0, 32);
	if (gh_derive_key(server_secret, SEAL_LABEL_KEY_INDEX, derived, NULL) != 0)
		return;
	catalog_index(derived, key, n, out);
	OPENSSL_cleanse(derived, sizeof(derived));
}
