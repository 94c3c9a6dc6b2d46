/* Keys decoded when they are wanted, and not before. See lazy_key.h. */
#include <pthread.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/provider.h>

#include "der.h"
#include "key_alg.h"

#include "lazy_key.h"

/* A library context whose only provider has no decoders: decoding a key fails at once there, and
 * d2i takes that for a key of an unknown kind, which is no error. Lives as long as the process. */
static OSSL_LIB_CTX *no_decoders;
static pthread_once_t no_decoders_once = PTHREAD_ONCE_INIT;

static void
make_no_decoders(void)
{
	OSSL_LIB_CTX *ctx = OSSL_LIB_CTX_new();

	if (ctx == NULL || OSSL_PROVIDER_load(ctx, "null") == NULL)
		OSSL_LIB_CTX_free(ctx);
	else
		no_decoders = ctx;
}

/* The default context is a property of the thread. Without ours (no memory) the slow way works,
 * too. */
static OSSL_LIB_CTX *
enter(void)
{
	pthread_once(&no_decoders_once, make_no_decoders);
	return no_decoders != NULL ? OSSL_LIB_CTX_set0_default(no_decoders) : NULL;
}

static void
leave(OSSL_LIB_CTX *before)
{
	if (before != NULL)
		OSSL_LIB_CTX_set0_default(before);
}

X509_REQ *
ca_lazy_req(const unsigned char **p, long len)
{
	OSSL_LIB_CTX *before = enter();
	X509_REQ *req = d2i_X509_REQ(NULL, p, len);

	leave(before);
	return req;
}

X509 *
ca_lazy_cert(const unsigned char **p, long len)
{
	OSSL_LIB_CTX *before = enter();
	X509 *cert = d2i_X509(NULL, p, len);

	leave(before);
	return cert;
}

static EVP_PKEY *
from_params(const char *type, int selection, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, selection, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* A key without a point for each curve: making the curve is most of the work of making a key (12 of
 * 15 µs), copying it is not. Only read after they are made, and live as long as the process. */
static EVP_PKEY *empty_ec_key[GH_CURVES];
static pthread_once_t empty_ec_key_once = PTHREAD_ONCE_INIT;

static void
make_empty_ec_keys(void)
{
	OSSL_PARAM params[2];

	for (int i = 0; i < GH_CURVES; i++) {
		params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
		    (char *)(uintptr_t)gh_curve_name((enum gh_curve)i), 0);
		params[1] = OSSL_PARAM_construct_end();
		empty_ec_key[i] = from_params("EC", EVP_PKEY_KEY_PARAMETERS, params);
	}
}

/* Setting the point checks that it is on the curve. */
static EVP_PKEY *
ec_key(enum gh_curve curve, const struct gh_der *point)
{
	EVP_PKEY *key;

	pthread_once(&empty_ec_key_once, make_empty_ec_keys);
	if (empty_ec_key[curve] == NULL || (key = EVP_PKEY_dup(empty_ec_key[curve])) == NULL)
		return NULL;
	if (EVP_PKEY_set1_encoded_public_key(key, point->p, point->len) == 1)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

static BIGNUM *
take_positive(struct gh_der *in)
{
	struct gh_der v;

	if (!gh_der_take(in, GH_DER_INTEGER, &v) || v.len == 0 || (v.p[0] & 0x80) != 0)
		return NULL;
	return BN_bin2bn(v.p, (int)v.len, NULL);
}

/* RSAPublicKey, RFC 8017, A.1.1 */
static EVP_PKEY *
rsa_key(const struct gh_der *bits)
{
	struct gh_der in = *bits, body;
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	BIGNUM *n = NULL, *e = NULL;
	EVP_PKEY *key = NULL;

	if (bld != NULL && gh_der_is_strict(in.p, in.len) &&
	    gh_der_take(&in, GH_DER_SEQUENCE, &body) && (n = take_positive(&body)) != NULL &&
	    (e = take_positive(&body)) != NULL && body.len == 0 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
	    (params = OSSL_PARAM_BLD_to_param(bld)) != NULL)
		key = from_params("RSA", EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_free(n);
	BN_free(e);
	return key;
}

EVP_PKEY *
ca_lazy_key(const unsigned char *spki, size_t len)
{
	struct gh_der in = {spki, len}, body, alg, bits;
	const unsigned char *p = spki;
	enum gh_curve curve;
	enum gh_key_alg kind;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &body) || in.len != 0 ||
	    !gh_der_take_whole(&body, GH_DER_SEQUENCE, &alg) ||
	    !gh_der_take_octet_bits(&body, &bits) || body.len != 0)
		return NULL;
	if (!gh_key_alg_read(&alg, &kind, &curve))
		return d2i_PUBKEY(NULL, &p, (long)len);
	switch (kind) {
	case GH_KEY_EC:
		return ec_key(curve, &bits);
	case GH_KEY_RSA:
		return rsa_key(&bits);
	case GH_KEY_ED25519:
		break;
	}
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bits.p, bits.len);
}
