/* A symmetric key for the holder of a private key. See key_wrap.h. */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "agreement.h"
#include "key_wrap.h"

#define SPKI_MAX 256 /* of a P-521 key */
#define INFO_MAX 64  /* of an OtherInfo */

static const struct {
	enum key_wrap_alg alg;
	const char *name;
} names[] = {
    {KEY_WRAP_RSA_OAEP_256, "RSA-OAEP-256"},
    {KEY_WRAP_ECDH_ES_A256KW, "ECDH-ES+A256KW"},
    {KEY_WRAP_RSA1_5, "RSA1_5"},
    {KEY_WRAP_RSA_OAEP_256_RELEASE, "RSA-OAEP-256-RELEASE"},
    {KEY_WRAP_ECDH_ES_A256KW_RELEASE, "ECDH-ES+A256KW-RELEASE"},
};
#define NAMES (sizeof(names) / sizeof(names[0]))

const char *
key_wrap_name(enum key_wrap_alg alg)
{
	for (size_t i = 0; i < NAMES; i++)
		if (names[i].alg == alg)
			return names[i].name;
	return NULL;
}

bool
key_wrap_find(const struct gh_der *name, enum key_wrap_alg *out)
{
	for (size_t i = 0; i < NAMES; i++) {
		if (gh_der_equals(name, names[i].name, strlen(names[i].name))) {
			*out = names[i].alg;
			return true;
		}
	}
	return false;
}

bool
key_wrap_is_release(enum key_wrap_alg alg)
{
	return alg == KEY_WRAP_RSA_OAEP_256_RELEASE || alg == KEY_WRAP_ECDH_ES_A256KW_RELEASE;
}

/* OtherInfo of RFC 7518, 4.6.2, for the Concat KDF. */
bool
key_wrap_derive_kek(enum key_wrap_alg alg, const unsigned char *secret, size_t len,
    unsigned char kek[KEY_WRAP_KEK_SIZE])
{
	struct gh_buf info;
	bool ok;

	gh_buf_init(&info, INFO_MAX);
	gh_buf_put_string(&info, key_wrap_name(alg));  /* AlgorithmID */
	gh_buf_put_u32(&info, 0);                      /* PartyUInfo */
	gh_buf_put_u32(&info, 0);                      /* PartyVInfo */
	gh_buf_put_u32(&info, KEY_WRAP_KEK_SIZE * 8U); /* SuppPubInfo: bits */
	ok = gh_buf_check(&info, NULL) == 0 &&
	    kdf_sha256("SSKDF", &(struct gh_der){secret, len},
		&(struct gh_der){info.data, info.len}, kek, KEY_WRAP_KEK_SIZE);
	gh_buf_free(&info);
	return ok;
}

/* --- wrapping --------------------------------------------------------------------------------- */

static bool
set_label(EVP_PKEY_CTX *ctx, const char *name)
{
	size_t n = strlen(name);
	void *label = OPENSSL_memdup(name, n);

	if (label != NULL && EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, (int)n) == 1)
		return true;
	OPENSSL_free(label);
	return false;
}

static bool
set_oaep(EVP_PKEY_CTX *ctx, enum key_wrap_alg alg)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1 &&
	    (!key_wrap_is_release(alg) || set_label(ctx, key_wrap_name(alg)));
}

static bool
wrap_rsa(EVP_PKEY *to, enum key_wrap_alg alg, const struct gh_der *key, struct gh_buf *out)
{
	unsigned char cipher[KEY_WRAP_BYTES_MAX];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(to, NULL);
	size_t len = sizeof(cipher);
	bool ok = ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 && set_oaep(ctx, alg) &&
	    EVP_PKEY_encrypt(ctx, cipher, &len, key->p, key->len) == 1;

	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		return false;
	gh_buf_put_u8(out, (uint8_t)alg);
	gh_buf_put_block(out, NULL, 0);
	gh_buf_put_block(out, cipher, len);
	return true;
}

static EVP_PKEY *
ephemeral_for(EVP_PKEY *to)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(to, NULL); /* its curve */
	EVP_PKEY *key = NULL;

	if (ctx == NULL || EVP_PKEY_keygen_init(ctx) != 1 || EVP_PKEY_keygen(ctx, &key) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static bool
wrap_agreed(EVP_PKEY *ephemeral, EVP_PKEY *to, enum key_wrap_alg alg, const struct gh_der *key,
    struct gh_buf *out)
{
	unsigned char secret[ECDH_SECRET_MAX], kek[KEY_WRAP_KEK_SIZE];
	unsigned char cipher[KEY_WRAP_KEY_MAX + 2 * AES_KW_OVERHEAD], *spki = NULL;
	int n = i2d_PUBKEY(ephemeral, &spki);
	size_t secret_len, len;
	bool ok = n > 0 && ecdh(ephemeral, to, secret, &secret_len) &&
	    key_wrap_derive_kek(alg, secret, secret_len, kek) &&
	    aes_kw_wrap(kek, KEY_WRAP_KEK_SIZE, key, cipher, &len);

	if (ok) {
		gh_buf_put_u8(out, (uint8_t)alg);
		gh_buf_put_block(out, spki, (size_t)n);
		gh_buf_put_block(out, cipher, len);
	}
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(kek, sizeof(kek));
	OPENSSL_free(spki);
	return ok;
}

static bool
wrap_ec(EVP_PKEY *to, enum key_wrap_alg alg, const struct gh_der *key, struct gh_buf *out)
{
	EVP_PKEY *ephemeral = ephemeral_for(to);
	bool ok = ephemeral != NULL && wrap_agreed(ephemeral, to, alg, key, out);

	EVP_PKEY_free(ephemeral);
	return ok;
}

int
key_wrap(EVP_PKEY *to, bool is_release, const struct gh_der *key, struct gh_buf *out,
    struct gh_error *err)
{
	bool is_rsa = EVP_PKEY_is_a(to, "RSA"), ok;

	if (!is_rsa && !EVP_PKEY_is_a(to, "EC"))
		return gh_fail(err, GH_E_SIGNER, "no key is wrapped for this kind of key");
	if (key->len == 0 || key->len > KEY_WRAP_KEY_MAX)
		return gh_fail(err, GH_E_INTERNAL, "key of %zu bytes to wrap", key->len);
	if (is_rsa)
		ok = wrap_rsa(to,
		    is_release ? KEY_WRAP_RSA_OAEP_256_RELEASE : KEY_WRAP_RSA_OAEP_256, key, out);
	else
		ok = wrap_ec(to,
		    is_release ? KEY_WRAP_ECDH_ES_A256KW_RELEASE : KEY_WRAP_ECDH_ES_A256KW, key,
		    out);
	ERR_clear_error();
	return ok ? gh_buf_check(out, err) : gh_fail(err, GH_E_INTERNAL, "key cannot be wrapped");
}

bool
key_wrap_read(struct gh_reader *r, struct wrapped_key *out)
{
	out->alg = (enum key_wrap_alg)gh_reader_u8(r);
	out->ephemeral.p = gh_reader_block(r, SPKI_MAX, &out->ephemeral.len);
	out->cipher.p = gh_reader_block(r, KEY_WRAP_BYTES_MAX, &out->cipher.len);
	return !r->failed && key_wrap_name(out->alg) != NULL;
}
