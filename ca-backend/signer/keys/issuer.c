/* A CA that can sign. See issuer.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "asn1_time.h"
#include "digest.h"
#include "key_alg.h"
#include "oid.h"

#include "ca_key.h"
#include "issuer.h"
#include "token.h"

#define NAME_MAX_BYTES 8192
#define CERT_MAX_BYTES (64 * 1024)
#define SPKI_MAX_BYTES 4096 /* RSA-16384 has some 2100 */
#define SIGNATURE_MAX 2048  /* RSA-16384 */

/* Signature algorithms by the kind of the CA's key: RFC 4055, 5; RFC 5758, 3.2; RFC 8410, 3. */
static const struct algorithm {
	const char *key_type;
	enum gh_curve curve; /* of EC */
	const char *md;      /* NULL = part of the algorithm */
	unsigned char der[16];
	size_t len;
} algorithms[] = {
    {"EC", GH_P256, "SHA256", {GH_DER_SEQUENCE, 10, GH_OID_DER(GH_OID_ECDSA_SHA256)}, 12},
    {"EC", GH_P384, "SHA384", {GH_DER_SEQUENCE, 10, GH_OID_DER(GH_OID_ECDSA_SHA384)}, 12},
    {"RSA", GH_CURVES, "SHA256",
	{GH_DER_SEQUENCE, 13, GH_OID_DER(GH_OID_SHA256_WITH_RSA), GH_DER_NULL, 0}, 15},
    {"ED25519", GH_CURVES, NULL, {GH_DER_SEQUENCE, 5, GH_OID_DER(GH_OID_ED25519)}, 7},
};
#define N_ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

static const struct algorithm *
find_algorithm(const EVP_PKEY *key)
{
	enum gh_curve curve = GH_CURVES;

	if (EVP_PKEY_is_a(key, "EC") && !gh_curve_of_key(key, &curve))
		return NULL;
	for (size_t i = 0; i < N_ALGORITHMS; i++)
		if (EVP_PKEY_is_a(key, algorithms[i].key_type) && algorithms[i].curve == curve)
			return &algorithms[i];
	return NULL;
}

/* Extension { 2.5.29.35, OCTET STRING { SEQUENCE { [0] keyIdentifier } } } */
static void
put_aki(struct gh_buf *b, const struct gh_der *key_id)
{
	static const unsigned char oid[] = {GH_OID_DER(GH_OID_AUTHORITY_KEY_ID)};
	size_t id = gh_der_size(key_id->len), value = gh_der_size(id);

	gh_der_put_header(b, GH_DER_SEQUENCE, sizeof(oid) + gh_der_size(value));
	gh_buf_put(b, oid, sizeof(oid));
	gh_der_put_header(b, GH_DER_OCTETS, value);
	gh_der_put_header(b, GH_DER_SEQUENCE, id);
	gh_der_put(b, GH_DER_PRIMITIVE(0), key_id->p, key_id->len);
}

static int
prepare_sign(struct issuer *ca, const struct algorithm *a, struct gh_error *err)
{
	ca->is_in_token = token_has(ca->key);
	if (ca->is_in_token)
		return a->md != NULL
		    ? 0
		    : gh_fail(err, GH_E_SIGNER, "Ed25519 keys are not used in PKCS#11 tokens");
	if ((ca->sign = EVP_MD_CTX_new()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "signing context");
	if (EVP_DigestSignInit_ex(ca->sign, NULL, a->md, NULL, NULL, ca->key, NULL) != 1)
		return gh_fail(err, GH_E_SIGNER, "key cannot sign");
	return 0;
}

static int
fill(struct issuer *ca, const struct issuer_parts *parts, struct gh_error *err)
{
	const struct algorithm *a = find_algorithm(parts->key);
	int rc;

	if (a == NULL)
		return gh_fail(err, GH_E_SIGNER, "no signature algorithm for this kind of CA key");
	if (EVP_PKEY_up_ref(parts->key) != 1)
		return gh_fail(err, GH_E_INTERNAL, "EVP_PKEY_up_ref");
	ca->key = parts->key;
	ca->kind = parts->kind;
	ca->algorithm = (struct gh_der){a->der, a->len};
	ca->md = a->md;
	ca->limits = parts->limits;
	ca->not_after = parts->not_after;
	gh_buf_put(&ca->name, parts->name.p, parts->name.len);
	put_aki(&ca->aki, &parts->key_id);
	if ((rc = gh_buf_check(&ca->name, err)) != 0 || (rc = gh_buf_check(&ca->aki, err)) != 0)
		return rc;
	if ((rc = ca_key_put_public(ca->key, &ca->spki, err)) != 0)
		return rc;
	return parts->is_locked ? 0 : prepare_sign(ca, a, err);
}

int
issuer_new(const struct issuer_parts *parts, struct issuer **out, struct gh_error *err)
{
	struct issuer *ca = calloc(1, sizeof(*ca));
	int rc;

	*out = NULL;
	if (ca == NULL)
		return gh_fail(err, GH_E_NOMEM, "issuer");
	atomic_init(&ca->refs, 1);
	gh_buf_init(&ca->name, NAME_MAX_BYTES);
	gh_buf_init(&ca->spki, SPKI_MAX_BYTES);
	gh_buf_init(&ca->aki, 256);
	gh_buf_init(&ca->cert, CERT_MAX_BYTES);
	if ((rc = fill(ca, parts, err)) != 0) {
		issuer_unref(ca);
		return rc;
	}
	*out = ca;
	return 0;
}

struct issuer *
issuer_ref(struct issuer *ca)
{
	atomic_fetch_add(&ca->refs, 1);
	return ca;
}

void
issuer_unref(struct issuer *ca)
{
	if (ca == NULL || atomic_fetch_sub(&ca->refs, 1) != 1)
		return;
	EVP_MD_CTX_free(ca->sign);
	EVP_PKEY_free(ca->key);
	gh_buf_free(&ca->name);
	gh_buf_free(&ca->spki);
	gh_buf_free(&ca->aki);
	gh_buf_free(&ca->cert);
	NAME_CONSTRAINTS_free(ca->name_constraints);
	free(ca);
}

/* --- from a certificate ----------------------------------------------------------------------- */

static int
key_id_of_cert(X509 *cert, unsigned char id[SIGNER_KEY_ID_SIZE], struct gh_der *out,
    struct gh_error *err)
{
	const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(cert);
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(cert);
	struct gh_der key_bits;

	if (ski != NULL) {
		*out = (struct gh_der){ASN1_STRING_get0_data(ski), (size_t)ASN1_STRING_length(ski)};
		return 0;
	}
	key_bits = (struct gh_der){ASN1_STRING_get0_data(bits), (size_t)ASN1_STRING_length(bits)};
	*out = (struct gh_der){id, SIGNER_KEY_ID_SIZE};
	return issuer_key_id(&key_bits, id, err);
}

/* A CA (also says that the extensions could be decoded; RFC 5280, 4.2.1.9), or what answers OCSP
 * for one and does nothing else. */
static bool
kind_of_cert(X509 *cert, enum issuer_kind *kind)
{
	bool is_ca = X509_check_ca(cert) == 1;
	bool is_ocsp = (X509_get_extension_flags(cert) & (EXFLAG_XKUSAGE | EXFLAG_INVALID)) ==
		EXFLAG_XKUSAGE &&
	    X509_get_extended_key_usage(cert) == XKU_OCSP_SIGN;

	*kind = is_ca ? ISSUER_CA : ISSUER_OCSP;
	return is_ca || is_ocsp;
}

static int
parts_of_cert(X509 *cert, struct issuer_parts *parts, unsigned char id[SIGNER_KEY_ID_SIZE],
    struct gh_error *err)
{
	const unsigned char *name;

	if (parts->key == NULL)
		parts->key = X509_get0_pubkey(cert);
	if (parts->key == NULL || X509_check_private_key(cert, parts->key) != 1)
		return gh_fail(err, GH_E_SIGNER, "the key is not that of the CA certificate");
	if (!kind_of_cert(cert, &parts->kind))
		return gh_fail(err, GH_E_SIGNER,
		    "the sealed certificate is neither that of a CA nor of an OCSP signer");
	if (!gh_asn1_time_get(X509_get0_notAfter(cert), &parts->not_after))
		return gh_fail(err, GH_E_SIGNER, "notAfter of the CA certificate is unreadable");
	if (X509_NAME_get0_der(X509_get_subject_name(cert), &name, &parts->name.len) != 1)
		return gh_fail(err, GH_E_SIGNER, "subject of the CA certificate is unreadable");
	parts->name.p = name;
	return key_id_of_cert(cert, id, &parts->key_id, err);
}

/* RFC 5280, 4.2.1.10. NULL with -1: the certificate has none. */
static int
add_name_constraints(struct issuer *ca, X509 *x, struct gh_error *err)
{
	int found;

	ca->name_constraints = X509_get_ext_d2i(x, NID_name_constraints, &found, NULL);
	if (ca->name_constraints == NULL && found != -1)
		return gh_fail(err, GH_E_SIGNER,
		    "nameConstraints of the CA certificate are malformed, or there twice");
	return 0;
}

/* What a loaded issuer has beside those parts. */
static int
add_cert(struct issuer *ca, X509 *x, const unsigned char *cert, size_t len, struct gh_error *err)
{
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(x);
	struct gh_der key_bits = {ASN1_STRING_get0_data(bits), (size_t)ASN1_STRING_length(bits)};
	int rc;

	if (!gh_digest(GH_SHA256, cert, len, ca->ca_id))
		return gh_fail(err, GH_E_INTERNAL, "SHA-256");
	if ((rc = issuer_key_id(&key_bits, ca->key_hash, err)) != 0)
		return rc;
	gh_buf_put(&ca->cert, cert, len);
	if ((rc = gh_buf_check(&ca->cert, err)) != 0)
		return rc;
	return add_name_constraints(ca, x, err);
}

int
issuer_from_cert(const unsigned char *cert, size_t len, EVP_PKEY *key,
    const struct signer_limits *limits, struct issuer **out, struct gh_error *err)
{
	struct issuer_parts parts = {.key = key, .is_locked = key == NULL, .limits = *limits};
	unsigned char id[SIGNER_KEY_ID_SIZE];
	const unsigned char *p = cert;
	X509 *x = d2i_X509(NULL, &p, (long)len);
	int rc;

	*out = NULL;
	if (x == NULL || p != cert + len)
		rc = gh_fail(err, GH_E_SIGNER, "the sealed CA certificate is unreadable");
	else if ((rc = parts_of_cert(x, &parts, id, err)) == 0)
		rc = issuer_new(&parts, out, err);
	if (rc == 0 && (rc = add_cert(*out, x, cert, len, err)) != 0) {
		issuer_unref(*out);
		*out = NULL;
	}
	X509_free(x);
	return rc;
}

/* --- of a KRA --------------------------------------------------------------------------------- */

static int
check_half(EVP_PKEY *key, EVP_PKEY *public, struct gh_error *err)
{
	if (public == NULL)
		return gh_fail(err, GH_E_SIGNER, "the sealed public key is unreadable");
	if (key != NULL && EVP_PKEY_eq(key, public) != 1)
		return gh_fail(err, GH_E_SIGNER, "the key is not that of the public key");
	return 0;
}

int
issuer_from_spki(enum issuer_kind kind, const struct gh_der *spki, EVP_PKEY *key,
    struct issuer **out, struct gh_error *err)
{
	const unsigned char *p = spki->p;
	EVP_PKEY *public = d2i_PUBKEY(NULL, &p, (long)spki->len);
	struct issuer_parts parts = {.kind = kind,
	    .key = key != NULL ? key : public,
	    .is_locked = key == NULL,
	    .not_after = INT64_MAX};
	int rc;

	*out = NULL;
	if ((rc = check_half(key, public, err)) == 0)
		rc = issuer_new(&parts, out, err);
	if (rc == 0 && !gh_digest(GH_SHA256, spki->p, spki->len, (*out)->ca_id)) {
		issuer_unref(*out);
		*out = NULL;
		rc = gh_fail(err, GH_E_INTERNAL, "SHA-256");
	}
	EVP_PKEY_free(public);
	ERR_clear_error();
	return rc;
}

int
issuer_check_limits(const struct signer_limits *l, struct gh_error *err)
{
	if (l->max_validity < 0)
		return gh_fail(err, GH_E_SIGNER, "limits: max_validity is negative");
	if (l->min_rsa_bits < 2048)
		return gh_fail(err, GH_E_SIGNER, "limits: min_rsa_bits is below 2048");
	if (!l->allow_rsa && !l->allow_ec && !l->allow_ed25519)
		return gh_fail(err, GH_E_SIGNER, "limits: no key type is allowed");
	return 0;
}

/* --- signing ---------------------------------------------------------------------------------- */

static int
put_signature(const unsigned char *raw, size_t len, struct gh_buf *sig, struct gh_error *err)
{
	gh_der_put_header(sig, GH_DER_BIT_STRING, 1 + len);
	gh_buf_put_u8(sig, 0);
	gh_buf_put(sig, raw, len);
	return gh_buf_check(sig, err);
}

static int
fail_locked(struct gh_error *err)
{
	return gh_fail(err, GH_E_CA_LOCKED, "the key of the CA is locked");
}

static int
sign_in_token(const struct issuer *ca, const unsigned char *digest, size_t len, struct gh_buf *sig,
    struct gh_error *err)
{
	unsigned char raw[SIGNATURE_MAX];
	size_t raw_len = sizeof(raw);
	int rc = token_sign(ca->key, ca->md, digest, len, raw, &raw_len, err);

	return rc == 0 ? put_signature(raw, raw_len, sig, err) : rc;
}

static int
digest_and_sign(const struct issuer *ca, const unsigned char *data, size_t len, struct gh_buf *sig,
    struct gh_error *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned digest_len;

	if (EVP_Digest(data, len, digest, &digest_len, EVP_get_digestbyname(ca->md), NULL) != 1)
		return gh_fail(err, GH_E_INTERNAL, "digest");
	return sign_in_token(ca, digest, digest_len, sig, err);
}

/* A copy of the prepared context saves the look-ups that EVP_DigestSignInit does each time. */
int
issuer_sign(const struct issuer *ca, const unsigned char *data, size_t len, struct gh_buf *sig,
    struct gh_error *err)
{
	unsigned char raw[SIGNATURE_MAX];
	size_t raw_len = sizeof(raw);
	EVP_MD_CTX *ctx;
	int ok;

	if (issuer_is_locked(ca))
		return fail_locked(err);
	if (ca->is_in_token)
		return digest_and_sign(ca, data, len, sig, err);
	ctx = EVP_MD_CTX_new();
	if (ctx == NULL)
		return gh_fail(err, GH_E_NOMEM, "signing context");
	ok = EVP_MD_CTX_copy_ex(ctx, ca->sign) == 1 &&
	    EVP_DigestSign(ctx, raw, &raw_len, data, len) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	if (!ok)
		return gh_fail(err, GH_E_INTERNAL, "signing failed");
	return put_signature(raw, raw_len, sig, err);
}

int
issuer_sign_digest(const struct issuer *ca, const unsigned char *digest, size_t len,
    struct gh_buf *sig, struct gh_error *err)
{
	unsigned char raw[SIGNATURE_MAX];
	size_t raw_len = sizeof(raw);
	EVP_PKEY_CTX *ctx;
	int ok;

	if (issuer_is_locked(ca))
		return fail_locked(err);
	if (ca->is_in_token)
		return sign_in_token(ca, digest, len, sig, err);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ca->key, NULL);
	if (ctx == NULL)
		return gh_fail(err, GH_E_NOMEM, "signing context");
	ok = EVP_PKEY_sign_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(ca->md)) == 1 &&
	    EVP_PKEY_sign(ctx, raw, &raw_len, digest, len) == 1;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	if (!ok)
		return gh_fail(err, GH_E_INTERNAL, "signing failed");
	return put_signature(raw, raw_len, sig, err);
}

int
issuer_key_id(const struct gh_der *key_bits, unsigned char id[SIGNER_KEY_ID_SIZE],
    struct gh_error *err)
{
	if (!gh_digest(GH_SHA1, key_bits->p, key_bits->len, id))
		return gh_fail(err, GH_E_INTERNAL, "SHA-1");
	return 0;
}
