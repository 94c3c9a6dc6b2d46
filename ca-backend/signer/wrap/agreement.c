/* ECDH, key derivation and AES key wrap. See agreement.h. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "agreement.h"

#define KEY_MAX 64 /* bytes of a key that is wrapped */

bool
ecdh(EVP_PKEY *own, EVP_PKEY *peer, unsigned char secret[ECDH_SECRET_MAX], size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	bool ok;

	*len = ECDH_SECRET_MAX;
	/* set_peer_ex with 1 proves that the point is on the curve */
	ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	    EVP_PKEY_derive_set_peer_ex(ctx, peer, 1) == 1 &&
	    EVP_PKEY_derive(ctx, secret, len) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

bool
kdf_sha256(const char *name, const struct gh_der *secret, const struct gh_der *info,
    unsigned char *kek, size_t kek_size)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SECRET, (void *)secret->p, secret->len),
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, (void *)info->p, info->len),
	    OSSL_PARAM_END};
	bool ok = ctx != NULL && EVP_KDF_derive(ctx, kek, kek_size, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

/* --- AES key wrap ----------------------------------------------------------------------------- */

static bool
aes_kw(const unsigned char *kek, size_t kek_size, bool is_wrapping, const struct gh_der *in,
    unsigned char *out, size_t *len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, rest = 0;
	bool ok;

	if (ctx != NULL)
		EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = ctx != NULL &&
	    EVP_CipherInit_ex2(ctx, kek_size == 16 ? EVP_aes_128_wrap() : EVP_aes_256_wrap(), kek,
		NULL, is_wrapping, NULL) == 1 &&
	    EVP_CipherUpdate(ctx, out, &n, in->p, (int)in->len) == 1 &&
	    EVP_CipherFinal_ex(ctx, out + n, &rest) == 1;
	*len = ok ? (size_t)n + (size_t)rest : 0;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

bool
aes_kw_wrap(const unsigned char *kek, size_t kek_size, const struct gh_der *key, unsigned char *out,
    size_t *len)
{
	return aes_kw(kek, kek_size, true, key, out, len);
}

bool
aes_kw_unwrap(const unsigned char *kek, size_t kek_size, const struct gh_der *cipher,
    unsigned char *out, size_t len)
{
	unsigned char key[KEY_MAX + AES_KW_OVERHEAD];
	size_t n;
	bool ok = cipher->len == len + AES_KW_OVERHEAD && cipher->len <= sizeof(key) &&
	    aes_kw(kek, kek_size, false, cipher, key, &n) && n == len;

	if (ok)
		memcpy(out, key, len);
	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}
