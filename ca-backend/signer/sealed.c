/* Sealed CA records: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce for each record. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "sealed.h"

#define MAGIC_SIZE 5
static const unsigned char magic[MAGIC_SIZE] = {'G', 'H', 'C', 'A', 1 /* version */};
static const char hkdf_info[] = "gatehouse sealed CA record 1";

#define NONCE_SIZE 12
#define TAG_SIZE 16
#define HEAD_SIZE (MAGIC_SIZE + NONCE_SIZE)
#define PLAINTEXT_VERSION 1

int
sealed_hkdf(const unsigned char system_key[32], const char *info, unsigned char out[32],
    struct gh_error *err)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, (unsigned char *)system_key, 32),
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, (char *)info, strlen(info)),
	    OSSL_PARAM_END};
	int ok = ctx != NULL && EVP_KDF_derive(ctx, out, 32, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok ? 0 : gh_fail(err, GH_E_INTERNAL, "HKDF");
}

int
sealed_derive_key(const unsigned char system_key[32], struct sealing_key *out, struct gh_error *err)
{
	return sealed_hkdf(system_key, hkdf_info, out->bytes, err);
}

/* --- sealing ---------------------------------------------------------------------------------- */

static int
put_private_key(struct gh_buf *b, EVP_PKEY *key, struct gh_error *err)
{
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	int n = p8 != NULL ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : -1;

	PKCS8_PRIV_KEY_INFO_free(p8);
	if (n <= 0)
		return gh_fail(err, GH_E_INTERNAL, "private key cannot be encoded");
	gh_buf_put_block(b, der, (size_t)n);
	OPENSSL_clear_free(der, (size_t)n);
	return gh_buf_check(b, err);
}

static int
put_plaintext(struct gh_buf *b, const struct signer_limits *limits, const struct gh_buf *cert,
    EVP_PKEY *key, struct gh_error *err)
{
	gh_buf_init(b, SEALED_RECORD_MAX);
	b->secret = true;
	gh_buf_put_u8(b, PLAINTEXT_VERSION);
	signer_put_limits(b, limits);
	gh_buf_put_block(b, cert->data, cert->len);
	return put_private_key(b, key, err);
}

static bool
gcm_encrypt(const struct sealing_key *k, const unsigned char *nonce, const struct gh_buf *plain,
    unsigned char *cipher, unsigned char tag[TAG_SIZE])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n, rest = 0;
	bool ok;

	ok = ctx != NULL &&
	     EVP_EncryptInit_ex2(ctx, EVP_aes_256_gcm(), k->bytes, nonce, NULL) == 1 &&
	     EVP_EncryptUpdate(ctx, NULL, &n, magic, MAGIC_SIZE) == 1 &&
	     EVP_EncryptUpdate(ctx, cipher, &n, plain->data, (int)plain->len) == 1 &&
	     EVP_EncryptFinal_ex(ctx, cipher + n, &rest) == 1 &&
	     (size_t)n + (size_t)rest == plain->len &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static int
put_encrypted(const struct sealing_key *k, const struct gh_buf *plain, struct gh_buf *out,
    struct gh_error *err)
{
	unsigned char nonce[NONCE_SIZE], tag[TAG_SIZE], *cipher = OPENSSL_malloc(plain->len);
	int rc = 0;

	if (cipher == NULL)
		return gh_fail(err, GH_E_NOMEM, "sealed record");
	if (RAND_bytes(nonce, sizeof(nonce)) != 1 || !gcm_encrypt(k, nonce, plain, cipher, tag)) {
		rc = gh_fail(err, GH_E_INTERNAL, "AES-256-GCM");
	} else {
		gh_buf_put(out, magic, MAGIC_SIZE);
		gh_buf_put(out, nonce, sizeof(nonce));
		gh_buf_put(out, cipher, plain->len);
		gh_buf_put(out, tag, sizeof(tag));
		rc = gh_buf_check(out, err);
	}
	OPENSSL_free(cipher);
	return rc;
}

int
sealed_write(const struct sealing_key *k, const struct signer_limits *limits,
    const struct gh_buf *cert, EVP_PKEY *key, struct gh_buf *out, struct gh_error *err)
{
	struct gh_buf plain;
	int rc;

	if ((rc = put_plaintext(&plain, limits, cert, key, err)) == 0)
		rc = put_encrypted(k, &plain, out, err);
	gh_buf_free(&plain);
	return rc;
}

/* --- opening ---------------------------------------------------------------------------------- */

static bool
gcm_decrypt(
    const struct sealing_key *k, const unsigned char *record, size_t len, unsigned char *plain)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const unsigned char *nonce = record + MAGIC_SIZE, *cipher = record + HEAD_SIZE;
	const unsigned char *tag = record + len - TAG_SIZE;
	int n, rest, cipher_len = (int)(len - HEAD_SIZE - TAG_SIZE);
	bool ok;

	ok = ctx != NULL &&
	     EVP_DecryptInit_ex2(ctx, EVP_aes_256_gcm(), k->bytes, nonce, NULL) == 1 &&
	     EVP_DecryptUpdate(ctx, NULL, &n, record, MAGIC_SIZE) == 1 &&
	     EVP_DecryptUpdate(ctx, plain, &n, cipher, cipher_len) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, (void *)tag) == 1 &&
	     EVP_DecryptFinal_ex(ctx, plain + n, &rest) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static EVP_PKEY *
read_private_key(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	PKCS8_PRIV_KEY_INFO *p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)len);
	EVP_PKEY *key = p8 != NULL && p == der + len ? EVP_PKCS82PKEY(p8) : NULL;

	PKCS8_PRIV_KEY_INFO_free(p8);
	return key;
}

static int
read_plaintext(const unsigned char *plain, size_t len, struct issuer **out, struct gh_error *err)
{
	struct gh_reader r;
	struct signer_limits limits;
	const unsigned char *cert, *key_der;
	size_t cert_len, key_len;
	EVP_PKEY *key;
	uint8_t version;
	int rc;

	gh_reader_init(&r, plain, len);
	version = gh_reader_u8(&r);
	signer_get_limits(&r, &limits);
	if (!signer_get_two_blocks(&r, &cert, &cert_len, &key_der, &key_len) ||
	    version != PLAINTEXT_VERSION)
		return gh_fail(
		    err, GH_E_SIGNER, "sealed record: unknown version, or damaged before sealing");
	if ((rc = issuer_check_limits(&limits, err)) != 0)
		return rc;
	if ((key = read_private_key(key_der, key_len)) == NULL)
		return gh_fail(err, GH_E_SIGNER, "sealed record: the key cannot be read");
	rc = issuer_from_cert(cert, cert_len, key, &limits, out, err);
	EVP_PKEY_free(key);
	return rc;
}

int
sealed_read(const struct sealing_key *k, const unsigned char *record, size_t len,
    struct issuer **out, struct gh_error *err)
{
	size_t plain_len = len - HEAD_SIZE - TAG_SIZE;
	unsigned char *plain;
	int rc;

	*out = NULL;
	if (len <= HEAD_SIZE + TAG_SIZE || len > SEALED_RECORD_MAX ||
	    memcmp(record, magic, MAGIC_SIZE) != 0)
		return gh_fail(err, GH_E_SIGNER, "not a sealed CA record of this version");
	if ((plain = OPENSSL_malloc(plain_len)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "sealed record");
	if (gcm_decrypt(k, record, len, plain))
		rc = read_plaintext(plain, plain_len, out, err);
	else
		rc = gh_fail(err, GH_E_SIGNER, "sealed record: wrong system key, or damaged");
	OPENSSL_clear_free(plain, plain_len);
	ERR_clear_error();
	return rc;
}
