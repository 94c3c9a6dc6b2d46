/* AES-256-GCM. See aead.h. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "aead.h"

#define NONCE_SIZE 12
#define TAG_SIZE 16
#define MESSAGE_MAX (1024 * 1024) /* what is sealed here is far smaller; lengths fit an int */

static bool
encrypt(const unsigned char *key, const unsigned char *nonce, const struct gh_der *aad,
    const struct gh_der *plain, unsigned char *cipher, unsigned char tag[TAG_SIZE])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n, rest = 0;
	bool ok;

	ok = ctx != NULL && EVP_EncryptInit_ex2(ctx, EVP_aes_256_gcm(), key, nonce, NULL) == 1 &&
	    EVP_EncryptUpdate(ctx, NULL, &n, aad->p, (int)aad->len) == 1 &&
	    EVP_EncryptUpdate(ctx, cipher, &n, plain->p, (int)plain->len) == 1 &&
	    EVP_EncryptFinal_ex(ctx, cipher + n, &rest) == 1 &&
	    (size_t)n + (size_t)rest == plain->len &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

int
gh_aead_seal(const unsigned char key[GH_KEY_SIZE], const struct gh_der *aad,
    const struct gh_der *plain, struct gh_buf *out, struct gh_error *err)
{
	unsigned char nonce[NONCE_SIZE], tag[TAG_SIZE], *cipher;
	int rc;

	if (plain->len > MESSAGE_MAX)
		return gh_fail(err, GH_E_INTERNAL, "%zu bytes to seal", plain->len);
	if ((cipher = OPENSSL_malloc(plain->len + 1)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "%zu bytes to seal", plain->len);
	if (RAND_bytes(nonce, sizeof(nonce)) != 1 ||
	    !encrypt(key, nonce, aad, plain, cipher, tag)) {
		rc = gh_fail(err, GH_E_INTERNAL, "AES-256-GCM");
	} else {
		gh_buf_put(out, nonce, sizeof(nonce));
		gh_buf_put(out, cipher, plain->len);
		gh_buf_put(out, tag, sizeof(tag));
		rc = gh_buf_check(out, err);
	}
	OPENSSL_free(cipher);
	return rc;
}

static bool
decrypt(const unsigned char *key, const struct gh_der *aad, const struct gh_der *message,
    unsigned char *plain, size_t plain_len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const unsigned char *cipher = message->p + NONCE_SIZE, *tag = cipher + plain_len;
	int n, rest;
	bool ok;

	ok = ctx != NULL &&
	    EVP_DecryptInit_ex2(ctx, EVP_aes_256_gcm(), key, message->p, NULL) == 1 &&
	    EVP_DecryptUpdate(ctx, NULL, &n, aad->p, (int)aad->len) == 1 &&
	    EVP_DecryptUpdate(ctx, plain, &n, cipher, (int)plain_len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, (void *)tag) == 1 &&
	    EVP_DecryptFinal_ex(ctx, plain + n, &rest) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

int
gh_aead_open(const unsigned char key[GH_KEY_SIZE], const struct gh_der *aad,
    const struct gh_der *message, struct gh_buf *out, struct gh_error *err)
{
	unsigned char *plain;
	size_t len;
	int rc;

	if (message->len < GH_AEAD_OVERHEAD || message->len > MESSAGE_MAX)
		return gh_fail(err, GH_E_BAD_REQUEST, "sealed message of %zu bytes", message->len);
	len = message->len - GH_AEAD_OVERHEAD;
	if ((plain = OPENSSL_malloc(len + 1)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "%zu sealed bytes", len);
	if (decrypt(key, aad, message, plain, len)) {
		gh_buf_put(out, plain, len);
		rc = gh_buf_check(out, err);
	} else {
		rc = gh_fail(err, GH_E_BAD_REQUEST, "wrong key, or damaged");
	}
	OPENSSL_clear_free(plain, len + 1);
	ERR_clear_error();
	return rc;
}
