/* The secrets of a KRA in the clear. See secret.h. */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "key_alg.h"
#include "signer/keys/ca_key.h"
#include "utf8.h"

#include "secret.h"

#define SPKI_MAX (8 * 1024) /* bytes; RSA-16384 has 2 kB */
#define SIGNATURE_MAX (SECRET_RSA_MAX / 8)
#define PROOF_SIZE 32

int
secret_key_put(EVP_PKEY *key, struct gh_buf *pkcs8, struct gh_buf *spki, struct gh_error *err)
{
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	unsigned char *secret = NULL, *public = NULL;
	int n = p8 != NULL ? i2d_PKCS8_PRIV_KEY_INFO(p8, &secret) : -1;
	int m = i2d_PUBKEY(key, &public);

	PKCS8_PRIV_KEY_INFO_free(p8);
	if (n > 0 && m > 0) {
		gh_buf_put(pkcs8, secret, (size_t)n);
		gh_buf_put(spki, public, (size_t)m);
	}
	if (n > 0)
		OPENSSL_clear_free(secret, (size_t)n);
	OPENSSL_free(public);
	ERR_clear_error();
	if (n <= 0 || m <= 0)
		return gh_fail(err, GH_E_INTERNAL, "key cannot be encoded");
	if (gh_buf_check(pkcs8, err) != 0)
		return GH_E_NOMEM;
	return gh_buf_check(spki, err);
}

/* --- what an asymmetric key must be ----------------------------------------------------------- */

static BIGNUM *
part(const EVP_PKEY *key, const char *name)
{
	BIGNUM *n = NULL;

	return EVP_PKEY_get_bn_param(key, name, &n) == 1 ? n : NULL;
}

/* d mod (p - 1) is dp. */
static bool
is_reduced(const BIGNUM *d, const BIGNUM *p, const BIGNUM *dp, BN_CTX *ctx)
{
	BIGNUM *p1 = BN_dup(p), *r = BN_secure_new();
	bool ok = p1 != NULL && r != NULL && BN_sub_word(p1, 1) == 1 &&
	    BN_nnmod(r, d, p1, ctx) == 1 && BN_cmp(r, dp) == 0;

	BN_clear_free(p1);
	BN_clear_free(r);
	return ok;
}

/* OpenSSL signs past a wrong exponent or coefficient, others that get the key back do not. Two
 * primes only: n = pq, dp, dq, and q qInv mod p = 1 (RFC 8017, 3.2). */
static bool
rsa_fits(const EVP_PKEY *key)
{
	BIGNUM *n = part(key, OSSL_PKEY_PARAM_RSA_N), *d = part(key, OSSL_PKEY_PARAM_RSA_D);
	BIGNUM *p = part(key, OSSL_PKEY_PARAM_RSA_FACTOR1);
	BIGNUM *q = part(key, OSSL_PKEY_PARAM_RSA_FACTOR2);
	BIGNUM *dp = part(key, OSSL_PKEY_PARAM_RSA_EXPONENT1);
	BIGNUM *dq = part(key, OSSL_PKEY_PARAM_RSA_EXPONENT2);
	BIGNUM *qinv = part(key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
	BIGNUM *more = part(key, OSSL_PKEY_PARAM_RSA_FACTOR3), *r = BN_secure_new();
	BN_CTX *ctx = BN_CTX_secure_new();
	bool ok = n != NULL && d != NULL && p != NULL && q != NULL && dp != NULL && dq != NULL &&
	    qinv != NULL && more == NULL && r != NULL && ctx != NULL && !BN_is_zero(p) &&
	    !BN_is_one(p) && !BN_is_zero(q) && !BN_is_one(q) && BN_mul(r, p, q, ctx) == 1 &&
	    BN_cmp(r, n) == 0 && is_reduced(d, p, dp, ctx) && is_reduced(d, q, dq, ctx) &&
	    BN_mod_mul(r, q, qinv, p, ctx) == 1 && BN_is_one(r);

	BN_free(n);
	BN_clear_free(d);
	BN_clear_free(p);
	BN_clear_free(q);
	BN_clear_free(dp);
	BN_clear_free(dq);
	BN_clear_free(qinv);
	BN_clear_free(more);
	BN_clear_free(r);
	BN_CTX_free(ctx);
	return ok;
}

static const EVP_MD *
proof_md(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();
}

/* What one half signs, the other one verifies. */
static bool
belong_together(EVP_PKEY *key, EVP_PKEY *public)
{
	unsigned char proof[PROOF_SIZE], sig[SIGNATURE_MAX];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = sizeof(sig);
	bool ok;

	ok = ctx != NULL && RAND_bytes(proof, sizeof(proof)) == 1 &&
	    EVP_DigestSignInit(ctx, NULL, proof_md(key), NULL, key) == 1 &&
	    EVP_DigestSign(ctx, sig, &len, proof, sizeof(proof)) == 1 &&
	    EVP_MD_CTX_reset(ctx) == 1 &&
	    EVP_DigestVerifyInit(ctx, NULL, proof_md(key), NULL, public) == 1 &&
	    EVP_DigestVerify(ctx, sig, len, proof, sizeof(proof)) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

/* Of a kind that is known; NULL: none. */
static EVP_PKEY *
read_public(const struct gh_der *spki)
{
	const unsigned char *p = spki->p;
	struct gh_der in = *spki, content, algorithm;
	enum gh_key_alg alg;
	enum gh_curve curve;
	EVP_PKEY *key;

	if (spki->len > SPKI_MAX || !gh_der_take(&in, GH_DER_SEQUENCE, &content) || in.len != 0 ||
	    !gh_der_take_whole(&content, GH_DER_SEQUENCE, &algorithm) ||
	    !gh_key_alg_read(&algorithm, &alg, &curve))
		return NULL;
	key = d2i_PUBKEY(NULL, &p, (long)spki->len);
	if (key != NULL && EVP_PKEY_is_a(key, "RSA") &&
	    (EVP_PKEY_get_bits(key) < SECRET_RSA_MIN || EVP_PKEY_get_bits(key) > SECRET_RSA_MAX)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static int
fail_pair(struct gh_error *err)
{
	return gh_refuse(err, GH_E_VALIDATION,
	    "The private key does not belong to the public key.");
}

static int
check_pair(EVP_PKEY *key, EVP_PKEY *public, struct gh_error *err)
{
	if (public == NULL)
		return gh_refuse(err, GH_E_VALIDATION,
		    "The public key must be RSA of %d to %d bits, P-256, P-384, P-521 or Ed25519.",
		    SECRET_RSA_MIN, SECRET_RSA_MAX);
	if (key == NULL)
		return gh_refuse(err, GH_E_VALIDATION,
		    "The private key is not a PKCS#8 structure in DER.");
	if (EVP_PKEY_eq(key, public) != 1)
		return fail_pair(err);
	/* before they are used: exponents that do not fit may be of any length */
	if (EVP_PKEY_is_a(key, "RSA") && !rsa_fits(key))
		return gh_refuse(err, GH_E_VALIDATION,
		    "The parts of the private key do not belong together.");
	return belong_together(key, public) ? 0 : fail_pair(err);
}

static int
check_asymmetric(const struct gh_der *secret, const struct gh_der *spki, struct gh_error *err)
{
	EVP_PKEY *public = read_public(spki);
	EVP_PKEY *key = public != NULL ? ca_key_from_pkcs8(secret->p, secret->len) : NULL;
	int rc = check_pair(key, public, err);

	EVP_PKEY_free(key);
	EVP_PKEY_free(public);
	ERR_clear_error();
	return rc;
}

/* --- the others ------------------------------------------------------------------------------- */

static bool
is_passphrase(const struct gh_der *secret)
{
	const unsigned char *p = secret->p;
	size_t left = secret->len, n;
	uint32_t code;

	for (; left > 0; p += n, left -= n) {
		n = gh_utf8_char(p, left, &code);
		if (n == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0))
			return false;
	}
	return secret->len > 0 && secret->len <= SECRET_PASSPHRASE_MAX;
}

int
secret_check(enum kra_kind kind, const struct gh_der *secret, const struct gh_der *spki,
    struct gh_error *err)
{
	switch (kind) {
	case KRA_ASYMMETRIC:
		return check_asymmetric(secret, spki, err);
	case KRA_SYMMETRIC:
		if (secret->len >= SECRET_SYMMETRIC_MIN && secret->len <= SECRET_SYMMETRIC_MAX)
			return 0;
		return gh_refuse(err, GH_E_VALIDATION,
		    "A symmetric key has %d to %d octets, this one %zu.", SECRET_SYMMETRIC_MIN,
		    SECRET_SYMMETRIC_MAX, secret->len);
	case KRA_PASSPHRASE:
		if (is_passphrase(secret))
			return 0;
		return gh_refuse(err, GH_E_VALIDATION,
		    "A passphrase is UTF-8 of 1 to %d octets without control characters.",
		    SECRET_PASSPHRASE_MAX);
	}
	return gh_fail(err, GH_E_VALIDATION, "secret of kind %d", (int)kind);
}

/* --- made here -------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t size; /* bytes */
} symmetric[] = {
    {"AES-128", 16},
    {"AES-192", 24},
    {"AES-256", 32},
};

static int
make_symmetric(size_t size, struct gh_buf *secret, struct gh_error *err)
{
	unsigned char key[32];

	if (size > sizeof(key) || RAND_priv_bytes(key, (int)size) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random key");
	gh_buf_put(secret, key, size);
	OPENSSL_cleanse(key, sizeof(key));
	return gh_buf_check(secret, err);
}

int
secret_make(const char *alg, enum kra_kind *kind, struct gh_buf *secret, struct gh_buf *spki,
    struct gh_error *err)
{
	EVP_PKEY *key;
	int rc;

	for (size_t i = 0; i < sizeof(symmetric) / sizeof(symmetric[0]); i++) {
		if (strcmp(symmetric[i].name, alg) == 0) {
			*kind = KRA_SYMMETRIC;
			return make_symmetric(symmetric[i].size, secret, err);
		}
	}
	if (!gh_key_is_name(alg))
		return gh_refuse(err, GH_E_VALIDATION, "Keys of the kind \"%s\" are not made.",
		    alg);
	*kind = KRA_ASYMMETRIC;
	if ((key = gh_key_make(alg)) == NULL)
		return gh_fail(err, GH_E_INTERNAL, "cannot make a %s key", alg);
	rc = secret_key_put(key, secret, spki, err);
	EVP_PKEY_free(key);
	return rc;
}
