/* ECDH, and a key under what comes of it. See key_agree.h. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "signer/keys/token.h"
#include "spki.h"

#include "key_agree.h"
#include "refusal.h"

#define KEY_MAX 64 /* bytes of a key that is wrapped */

/* --- the other side --------------------------------------------------------------------------- */

/* peer, when it is valid and of own's curve; else it is freed. */
static EVP_PKEY *
check_peer(EVP_PKEY *own, EVP_PKEY *peer)
{
	EVP_PKEY_CTX *ctx = peer != NULL ? EVP_PKEY_CTX_new(peer, NULL) : NULL;
	bool ok = ctx != NULL && EVP_PKEY_is_a(peer, "EC") &&
	    EVP_PKEY_parameters_eq(own, peer) == 1 && EVP_PKEY_public_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	if (ok)
		return peer;
	EVP_PKEY_free(peer);
	return NULL;
}

EVP_PKEY *
key_agree_read_peer(EVP_PKEY *own, const struct gh_der *spki)
{
	const unsigned char *p = spki->p;
	struct gh_der core;
	EVP_PKEY *peer;

	if (!EVP_PKEY_is_a(own, "EC") || !gh_der_is_strict(spki->p, spki->len) ||
	    !gh_spki_core(spki, &core))
		return NULL;
	peer = d2i_PUBKEY(NULL, &p, (long)spki->len);
	/* nor hybrid (06, 07 in front of x), which is another encoding of the same point */
	if (peer == NULL || p != spki->p + spki->len || core.p[-1] > 4) {
		EVP_PKEY_free(peer);
		return NULL;
	}
	return check_peer(own, peer);
}

EVP_PKEY *
key_agree_peer_at(EVP_PKEY *own, const struct gh_der *point)
{
	EVP_PKEY *peer;

	if (!EVP_PKEY_is_a(own, "EC") || point->len < 2 || point->p[0] < 2 || point->p[0] > 4 ||
	    (peer = EVP_PKEY_new()) == NULL)
		return NULL;
	if (EVP_PKEY_copy_parameters(peer, own) != 1 ||
	    EVP_PKEY_set1_encoded_public_key(peer, point->p, point->len) != 1) {
		EVP_PKEY_free(peer);
		return NULL;
	}
	return check_peer(own, peer);
}

/* --- the secret ------------------------------------------------------------------------------- */

int
key_agree(EVP_PKEY *own, EVP_PKEY *peer, unsigned char secret[KEY_AGREE_SECRET_MAX], size_t *len,
    struct gh_error *err)
{
	EVP_PKEY_CTX *ctx;
	bool ok;

	*len = KEY_AGREE_SECRET_MAX;
	if (token_has(own))
		return token_derive(own, peer, secret, len, err);
	ctx = EVP_PKEY_CTX_new(own, NULL);
	/* set_peer_ex with 1 proves that the point is on the curve */
	ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	    EVP_PKEY_derive_set_peer_ex(ctx, peer, 1) == 1 &&
	    EVP_PKEY_derive(ctx, secret, len) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : refuse_wrapped_key(err);
}

bool
key_agree_derive(const char *name, const struct gh_der *secret, const struct gh_der *info,
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
