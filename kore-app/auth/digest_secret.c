/* Secrets for Digest. See digest_secret.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "catalog/catalog_seal.h"
#include "hex.h"

#include "digest_secret.h"

int
digest_of(enum digest_hash h, const char *const part[], char out[DIGEST_HEX_SIZE],
    struct gh_error *err)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned n = 0;
	int ok;

	ok = ctx != NULL &&
	    EVP_DigestInit_ex(ctx, h == DIGEST_SHA256 ? EVP_sha256() : EVP_md5(), NULL) == 1;
	for (size_t i = 0; ok && part[i] != NULL; i++)
		ok = (i == 0 || EVP_DigestUpdate(ctx, ":", 1) == 1) &&
		    EVP_DigestUpdate(ctx, part[i], strlen(part[i])) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, sum, &n) == 1 && 2 * n < DIGEST_HEX_SIZE;
	EVP_MD_CTX_free(ctx);
	out[0] = '\0';
	if (!ok)
		return gh_fail(err, GH_E_INTERNAL, "hash of Digest");
	(void)gh_hex_lower(sum, n, out);
	OPENSSL_cleanse(sum, sizeof(sum));
	return 0;
}

int
digest_secret_make(const char *user, const char *password, struct digest_secret *out,
    struct gh_error *err)
{
	const char *const part[] = {user, AUTH_REALM, password, NULL};
	int rc = 0;

	memset(out, 0, sizeof(*out));
	for (int h = 0; rc == 0 && h < DIGEST_HASHES; h++)
		rc = digest_of((enum digest_hash)h, part, out->a1[h], err);
	if (rc != 0)
		OPENSSL_cleanse(out, sizeof(*out));
	return rc;
}

int
digest_secret_seal(const struct digest_secret *s, const unsigned char server_secret[32], char **out,
    struct gh_error *err)
{
	return catalog_seal_as(SEAL_LABEL_EST_USER, server_secret, s, sizeof(*s), out, err);
}

int
digest_secret_unseal(const char *sealed, const unsigned char server_secret[32],
    struct digest_secret *out, struct gh_error *err)
{
	unsigned char *p = NULL;
	size_t n = 0;
	int rc = catalog_unseal_as(SEAL_LABEL_EST_USER, server_secret, sealed, &p, &n, err);

	memset(out, 0, sizeof(*out));
	if (rc == 0 && n != sizeof(*out))
		rc = gh_fail(err, GH_E_CONF, "the secret of an EST user has %zu bytes", n);
	if (rc == 0) {
		memcpy(out, p, n);
		for (int h = 0; h < DIGEST_HASHES; h++)
			out->a1[h][DIGEST_HEX_SIZE - 1] = '\0';
	}
	if (p != NULL)
		OPENSSL_cleanse(p, n);
	free(p);
	return rc;
}
