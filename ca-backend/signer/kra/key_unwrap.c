/* Unwrapping what was wrapped for a key of the KRA. See key_unwrap.h. */
#define OPENSSL_SUPPRESS_DEPRECATED /* the OAEP decoding, over what a token decrypted, has no \
				       other form */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "signer/keys/token.h"
#include "signer/wrap/agreement.h"
#include "signer/wrap/refusal.h"

#include "key_agree.h"
#include "key_unwrap.h"

#define V15_OVERHEAD 11 /* RFC 8017, 7.2.1 */

/* Is it as long as the modulus, and below it (RFC 8017, 5.1.2)? Else neither OpenSSL nor a token
 * would take it; and a token that says no looks as if it were away. Nor is it 0, 1 or n - 1, which
 * are their own powers: no key is wrapped so, and some tokens refuse them. */
static bool
is_ciphertext(const EVP_PKEY *key, const struct gh_der *cipher)
{
	BIGNUM *n = NULL, *c = BN_bin2bn(cipher->p, (int)cipher->len, NULL);
	bool ok = c != NULL && cipher->len == (size_t)EVP_PKEY_get_size(key) &&
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 && !BN_is_zero(c) &&
	    !BN_is_one(c) && BN_sub_word(n, 1) == 1 && BN_cmp(c, n) < 0;

	BN_free(n);
	BN_free(c);
	return ok;
}

/* Some modules take leading zeros away; EM has one. */
static int
decrypt_in_token(EVP_PKEY *with, const struct gh_der *cipher, unsigned char *em, size_t *len,
    struct gh_error *err)
{
	int rc = token_decrypt(with, cipher, em, len, err);

	if (rc == 0 && *len < cipher->len) {
		memmove(em + cipher->len - *len, em, *len);
		memset(em, 0, cipher->len - *len);
		*len = cipher->len;
	}
	return rc;
}

/* The encoded message EM of RFC 8017, 7.1.2 or 7.2.2, as long as the modulus. */
static int
decrypt_raw(EVP_PKEY *with, const struct gh_der *cipher, unsigned char *em, size_t *len,
    struct gh_error *err)
{
	EVP_PKEY_CTX *ctx;
	bool ok;

	if (cipher->len > KEY_WRAP_BYTES_MAX || !is_ciphertext(with, cipher))
		return refuse_wrapped_key(err);
	*len = KEY_WRAP_BYTES_MAX;
	if (token_has(with))
		return decrypt_in_token(with, cipher, em, len, err);
	ctx = EVP_PKEY_CTX_new(with, NULL);
	ok = ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
	    EVP_PKEY_decrypt(ctx, em, len, cipher->p, cipher->len) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : refuse_wrapped_key(err);
}

static int
open_oaep(enum key_wrap_alg alg, const unsigned char *em, size_t em_len, size_t len,
    unsigned char *out, struct gh_error *err)
{
	const char *label = key_wrap_is_release(alg) ? key_wrap_name(alg) : "";
	unsigned char key[KEY_WRAP_BYTES_MAX];
	int n = RSA_padding_check_PKCS1_OAEP_mgf1(key, sizeof(key), em, (int)em_len, (int)em_len,
	    (const unsigned char *)label, (int)strlen(label), EVP_sha256(), EVP_sha256());
	bool ok = n >= 0 && (size_t)n == len;

	if (ok)
		memcpy(out, key, len);
	OPENSSL_cleanse(key, sizeof(key));
	return ok ? 0 : refuse_wrapped_key(err);
}

/* 1 where a is 0, else 0; without a branch. */
static unsigned
is_zero(unsigned a)
{
	return (~a & (a - 1u)) >> 31;
}

/* 00 02, padding without a zero, 00, key: all of it is looked at, whatever is found, and a random
 * key is there in any case. */
static int
open_v15(const unsigned char *em, size_t em_len, size_t len, unsigned char *out,
    struct gh_error *err)
{
	unsigned char random[KEY_WRAP_KEY_MAX];
	unsigned good, mask;

	if (len > sizeof(random) || em_len < len + V15_OVERHEAD)
		return refuse_wrapped_key(err);
	if (RAND_priv_bytes(random, (int)len) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	good = is_zero(em[0]) & is_zero(em[1] ^ 2u) & is_zero(em[em_len - len - 1]);
	for (size_t i = 2; i < em_len - len - 1; i++)
		good &= is_zero(em[i]) ^ 1u;
	mask = 0u - good;
	for (size_t i = 0; i < len; i++)
		out[i] = (unsigned char)((em[em_len - len + i] & mask) | (random[i] & ~mask));
	OPENSSL_cleanse(random, sizeof(random));
	return 0;
}

static int
unwrap_rsa(EVP_PKEY *with, const struct wrapped_key *w, size_t len, unsigned char *out,
    struct gh_error *err)
{
	unsigned char em[KEY_WRAP_BYTES_MAX];
	size_t em_len;
	int rc;

	if (!EVP_PKEY_is_a(with, "RSA") || w->ephemeral.len != 0)
		return refuse_wrapped_key(err);
	if ((rc = decrypt_raw(with, &w->cipher, em, &em_len, err)) == 0)
		rc = w->alg == KEY_WRAP_RSA1_5 ? open_v15(em, em_len, len, out, err)
					       : open_oaep(w->alg, em, em_len, len, out, err);
	OPENSSL_cleanse(em, sizeof(em));
	return rc;
}

static int
unwrap_agreed(EVP_PKEY *with, EVP_PKEY *peer, const struct wrapped_key *w, size_t len,
    unsigned char *out, struct gh_error *err)
{
	unsigned char secret[ECDH_SECRET_MAX], kek[KEY_WRAP_KEK_SIZE];
	size_t secret_len;
	int rc;

	if ((rc = key_agree(with, peer, secret, &secret_len, err)) == 0 &&
	    (!key_wrap_derive_kek(w->alg, secret, secret_len, kek) ||
		!aes_kw_unwrap(kek, KEY_WRAP_KEK_SIZE, &w->cipher, out, len)))
		rc = refuse_wrapped_key(err);
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(kek, sizeof(kek));
	return rc;
}

static int
unwrap_ec(EVP_PKEY *with, const struct wrapped_key *w, size_t len, unsigned char *out,
    struct gh_error *err)
{
	EVP_PKEY *peer = key_agree_read_peer(with, &w->ephemeral);
	int rc =
	    peer != NULL ? unwrap_agreed(with, peer, w, len, out, err) : refuse_wrapped_key(err);

	EVP_PKEY_free(peer);
	return rc;
}

int
key_unwrap(EVP_PKEY *with, const struct wrapped_key *w, size_t len, unsigned char *out,
    struct gh_error *err)
{
	bool is_agreed =
	    w->alg == KEY_WRAP_ECDH_ES_A256KW || w->alg == KEY_WRAP_ECDH_ES_A256KW_RELEASE;
	int rc = is_agreed ? unwrap_ec(with, w, len, out, err) : unwrap_rsa(with, w, len, out, err);

	ERR_clear_error();
	return rc;
}
