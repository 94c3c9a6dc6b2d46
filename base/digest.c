/* Digests and HMACs. See digest.h. */
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "digest.h"

static struct hash {
	const char *name;
	size_t size;
	const EVP_MD *(*fallback)(void);
	EVP_MD *md;
	EVP_MAC_CTX *mac; /* HMAC with this digest and no key, to be copied */
} hashes[] = {
    [GH_SHA1] = {.name = "SHA1", .size = 20, .fallback = EVP_sha1},
    [GH_SHA256] = {.name = "SHA256", .size = 32, .fallback = EVP_sha256},
    [GH_SHA512] = {.name = "SHA512", .size = 64, .fallback = EVP_sha512},
};
static pthread_once_t hashes_once = PTHREAD_ONCE_INIT;

static EVP_MAC_CTX *
make_mac(EVP_MAC *hmac, const char *digest)
{
	EVP_MAC_CTX *ctx = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;
	OSSL_PARAM params[2];

	params[0] =
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)digest, 0);
	params[1] = OSSL_PARAM_construct_end();
	if (ctx != NULL && EVP_MAC_CTX_set_params(ctx, params) == 1)
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

/* Only read afterwards, and never freed: OpenSSL's own clean-up at exit would come too early or too
 * late. */
static void
make_hashes(void)
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	for (size_t i = 0; i < sizeof(hashes) / sizeof(*hashes); i++) {
		hashes[i].md = EVP_MD_fetch(NULL, hashes[i].name, NULL);
		hashes[i].mac = make_mac(hmac, hashes[i].name);
	}
	EVP_MAC_free(hmac);
}

const EVP_MD *
gh_digest_md(enum gh_hash hash)
{
	pthread_once(&hashes_once, make_hashes);
	return hashes[hash].md != NULL ? hashes[hash].md : hashes[hash].fallback();
}

size_t
gh_digest_size(enum gh_hash hash)
{
	return hashes[hash].size;
}

const char *
gh_hash_name(enum gh_hash hash)
{
	return hashes[hash].name;
}

bool
gh_hash_find(const char *name, enum gh_hash *out)
{
	for (int i = 0; i < GH_HASHES; i++) {
		if (strcasecmp(hashes[i].name, name) == 0) {
			*out = (enum gh_hash)i;
			return true;
		}
	}
	return false;
}

bool
gh_digest(enum gh_hash hash, const void *p, size_t n, unsigned char *out)
{
	return EVP_Digest(n > 0 ? p : "", n, out, NULL, gh_digest_md(hash), NULL) == 1;
}

bool
gh_hmac(enum gh_hash hash, const void *key, size_t key_len, const void *p, size_t n,
    unsigned char *out)
{
	EVP_MAC_CTX *ctx;
	size_t len = 0;
	bool ok;

	pthread_once(&hashes_once, make_hashes);
	if (hashes[hash].mac == NULL || (ctx = EVP_MAC_CTX_dup(hashes[hash].mac)) == NULL)
		return false;
	/* without a pointer the key would count as not given */
	ok = EVP_MAC_init(ctx, key_len > 0 ? key : (const void *)"", key_len, NULL) == 1 &&
	    EVP_MAC_update(ctx, n > 0 ? p : (const void *)"", n) == 1 &&
	    EVP_MAC_final(ctx, out, &len, hashes[hash].size) == 1 && len == hashes[hash].size;
	EVP_MAC_CTX_free(ctx);
	return ok;
}

int
gh_derive_key(const unsigned char secret[GH_KEY_SIZE], const char *label,
    unsigned char out[GH_KEY_SIZE], struct gh_error *err)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	OSSL_PARAM p[4];
	int ok;

	p[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0);
	p[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret,
	    GH_KEY_SIZE);
	p[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)label,
	    strlen(label));
	p[3] = OSSL_PARAM_construct_end();
	ok = ctx != NULL && EVP_KDF_derive(ctx, out, GH_KEY_SIZE, p) == 1;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	if (!ok) {
		OPENSSL_cleanse(out, GH_KEY_SIZE);
		return gh_fail(err, GH_E_INTERNAL, "HKDF of \"%s\" failed", label);
	}
	return 0;
}
