/* A private key for its owner alone. See key_package.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "digest.h"
#include "formats/cms_signed.h"
#include "signer/keys/ca_key.h"
#include "signer/keys/cert_der.h"

#include "key_package.h"

#define ASYMMETRIC_KEYS "2.16.840.1.101.2.1.2.78.5" /* id-ct-KP-aKeyPackage: RFC 5958, 2 */
#define USER_CERTIFICATE "2.5.4.36"                 /* RFC 4523, 2.1 */
#define PACKAGE_ID "2.16.840.1.101.2.1.5.65"        /* RFC 7191, 3 */

/* --- algorithms ------------------------------------------------------------------------------- */

static bool
is_text(const struct gh_der *d, const char *text)
{
	return gh_der_equals(d, text, strlen(text));
}

static const EVP_CIPHER *
find_cipher(const struct gh_der *name)
{
	return is_text(name, "AES-128-CBC") ? EVP_aes_128_cbc()
	    : is_text(name, "AES-192-CBC")  ? EVP_aes_192_cbc()
	    : is_text(name, "AES-256-CBC")  ? EVP_aes_256_cbc()
					    : NULL;
}

static int
find_wrap(size_t kek_len)
{
	return kek_len == 16 ? NID_id_aes128_wrap
	    : kek_len == 24  ? NID_id_aes192_wrap
	    : kek_len == 32  ? NID_id_aes256_wrap
			     : NID_undef;
}

static const struct key_way {
	const char *name, *key; /* of the key that it is for */
	int padding;            /* of RSA */
	const char *md;         /* of OAEP, or of the KDF */
} ways[] = {
    {"RSA1_5", "RSA", RSA_PKCS1_PADDING, NULL},
    {"RSA-OAEP", "RSA", RSA_PKCS1_OAEP_PADDING, "SHA1"},
    {"RSA-OAEP-256", "RSA", RSA_PKCS1_OAEP_PADDING, "SHA256"},
    {"RSA-OAEP-384", "RSA", RSA_PKCS1_OAEP_PADDING, "SHA384"},
    {"RSA-OAEP-512", "RSA", RSA_PKCS1_OAEP_PADDING, "SHA512"},
    {"ECDH-SHA256", "EC", 0, "SHA256"},
    {"ECDH-SHA384", "EC", 0, "SHA384"},
    {"ECDH-SHA512", "EC", 0, "SHA512"},
};

static const struct key_way *
find_way(const struct gh_der *name, X509 *recipient)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (is_text(name, ways[i].name))
			return EVP_PKEY_is_a(X509_get0_pubkey(recipient), ways[i].key) ? &ways[i]
										       : NULL;
	return NULL;
}

/* --- the package ------------------------------------------------------------------------------ */

static int
refuse_pair(struct gh_error *err)
{
	ERR_clear_error();
	return gh_refuse(err, GH_E_VALIDATION,
	    "A certificate does not belong to its key, or one of them cannot be read.");
}

/* OneAsymmetricKey of version 1, with its certificate as attribute: where the answer is one
 * message, there is no other place for it. */
static int
put_package(const struct key_package_content *c, struct gh_buf *out, struct gh_error *err)
{
	const unsigned char *p = c->pkcs8.p;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)c->pkcs8.len);
	ASN1_OBJECT *type = OBJ_txt2obj(USER_CERTIFICATE, 1);
	unsigned char *der = NULL;
	int n = -1;

	if (info != NULL && type != NULL &&
	    PKCS8_pkey_add1_attr_by_OBJ(info, type, V_ASN1_SEQUENCE, c->cert.p, (int)c->cert.len) ==
		1)
		n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	PKCS8_PRIV_KEY_INFO_free(info);
	ASN1_OBJECT_free(type);
	if (n <= 0)
		return gh_fail(err, GH_E_INTERNAL, "key package");
	gh_der_put(out, GH_DER_SEQUENCE, der, (size_t)n);
	OPENSSL_clear_free(der, (size_t)n);
	return gh_buf_check(out, err);
}

/* SIREntityName ::= SEQUENCE { sirenType, sirenValue }: a distinguished name. */
static void
put_entity(struct gh_buf *out, const unsigned char *name, size_t len)
{
	static const unsigned char type[] = {0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 2, 1, 16, 0};

	gh_der_put_header(out, GH_DER_SEQUENCE, sizeof(type) + gh_der_size(len));
	gh_buf_put(out, type, sizeof(type));
	gh_der_put(out, GH_DER_OCTETS, name, len);
}

/* KeyPkgIdentifierAndReceiptReq: a receipt is wanted, by who signs it. */
static int
put_id(const struct gh_der *cert, X509 *signer, struct gh_buf *out, struct gh_error *err)
{
	unsigned char id[32], *name = NULL;
	int n = i2d_X509_NAME(X509_get_subject_name(signer), &name);
	size_t entities;
	struct gh_buf entity;

	gh_buf_init(&entity, KRA_STORED_MAX);
	if (n <= 0 || !gh_digest(GH_SHA256, cert->p, cert->len, id)) {
		OPENSSL_free(name);
		return gh_fail(err, GH_E_NOMEM, "identifier of a key package");
	}
	put_entity(&entity, name, (size_t)n);
	entities = gh_der_size(entity.len);
	gh_der_put_header(out, GH_DER_SEQUENCE, gh_der_size(sizeof(id)) + gh_der_size(entities));
	gh_der_put(out, GH_DER_OCTETS, id, sizeof(id));
	gh_der_put_header(out, GH_DER_SEQUENCE, entities);
	gh_der_put(out, GH_DER_SEQUENCE, entity.data, entity.len);
	gh_buf_free(&entity);
	OPENSSL_free(name);
	return gh_buf_check(out, err);
}

/* The SignedData of a ContentInfo. */
static bool
strip(const unsigned char *der, size_t len, struct gh_der *out)
{
	struct gh_der in = {der, len}, content, tagged;

	return gh_der_take(&in, GH_DER_SEQUENCE, &content) &&
	    gh_der_take(&content, GH_DER_OID, NULL) &&
	    gh_der_take(&content, GH_DER_CONTEXT(0), &tagged) &&
	    gh_der_take_whole(&tagged, GH_DER_SEQUENCE, out);
}

static int
sign(const struct gh_buf *package, const struct gh_buf *id, X509 *cert, X509 *signer,
    EVP_PKEY *signer_key, struct gh_buf *out, struct gh_error *err)
{
	STACK_OF(X509) *certs = sk_X509_new_null();
	const struct cms_signing s = {.key = signer_key,
	    .cert = signer,
	    .certs = certs,
	    .type = ASYMMETRIC_KEYS,
	    .attribute = PACKAGE_ID,
	    .value = {id->data, id->len}};
	unsigned char *der = NULL;
	struct gh_der inner;
	size_t len = 0;
	int rc;

	if (certs == NULL || sk_X509_push(certs, cert) == 0)
		rc = gh_fail(err, GH_E_NOMEM, "key package");
	else
		rc = cms_signed_make(&s, &(struct gh_der){package->data, package->len}, &der, &len,
		    err);
	if (rc == 0 && !strip(der, len, &inner))
		rc = gh_fail(err, GH_E_INTERNAL, "SignedData");
	if (rc == 0) {
		gh_buf_put(out, inner.p, inner.len);
		rc = gh_buf_check(out, err);
	}
	if (der != NULL)
		OPENSSL_cleanse(der, len);
	free(der);
	sk_X509_free(certs);
	return rc;
}

static int
put_signed(const struct key_package_content *c, struct gh_buf *out, struct gh_error *err)
{
	EVP_PKEY *signer_key = ca_key_from_pkcs8(c->ask->signer_key.p, c->ask->signer_key.len);
	EVP_PKEY *key = ca_key_from_pkcs8(c->pkcs8.p, c->pkcs8.len);
	X509 *signer = cert_der_read(&c->ask->signer_cert), *cert = cert_der_read(&c->cert);
	struct gh_buf package, id;
	int rc;

	gh_buf_init(&package, KRA_STORED_MAX);
	gh_buf_init(&id, 2 * KRA_STORED_MAX);
	package.secret = true;
	if (signer_key == NULL || key == NULL || signer == NULL || cert == NULL ||
	    X509_check_private_key(signer, signer_key) != 1 ||
	    X509_check_private_key(cert, key) != 1)
		rc = refuse_pair(err);
	else if ((rc = put_package(c, &package, err)) == 0 &&
	    (rc = put_id(&c->cert, signer, &id, err)) == 0)
		rc = sign(&package, &id, cert, signer, signer_key, out, err);
	gh_buf_free(&id);
	gh_buf_free(&package);
	X509_free(cert);
	X509_free(signer);
	EVP_PKEY_free(key);
	EVP_PKEY_free(signer_key);
	return rc;
}

/* --- for whom --------------------------------------------------------------------------------- */

/* libcrypto frees the key that it was given, and the identifier. */
static int
add_kek(CMS_ContentInfo *cms, const struct kra_key_package *ask, struct gh_error *err)
{
	int wrap = find_wrap(ask->kek.len);
	unsigned char *kek, *id;

	if (wrap == NID_undef || ask->kek_id.len == 0)
		return gh_refuse(err, GH_E_VALIDATION,
		    "A key-encryption key has 16, 24 or 32 bytes, and an identifier.");
	kek = OPENSSL_memdup(ask->kek.p, ask->kek.len);
	id = OPENSSL_memdup(ask->kek_id.p, ask->kek_id.len);
	if (kek != NULL && id != NULL &&
	    CMS_add0_recipient_key(cms, wrap, kek, ask->kek.len, id, ask->kek_id.len, NULL, NULL,
		NULL) != NULL)
		return 0;
	OPENSSL_clear_free(kek, ask->kek.len);
	OPENSSL_free(id);
	return gh_fail(err, GH_E_INTERNAL, "KEKRecipientInfo");
}

static bool
set_way(CMS_RecipientInfo *ri, const struct key_way *way)
{
	const EVP_MD *md = way->md != NULL ? EVP_get_digestbyname(way->md) : NULL;
	EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(ri);

	if (ctx == NULL || (way->md != NULL && md == NULL))
		return false;
	if (way->padding == 0)
		return EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, md) > 0;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, way->padding) > 0 &&
	    (md == NULL ||
		(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) > 0 &&
		    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) > 0));
}

static int
add_certificate(CMS_ContentInfo *cms, const struct kra_key_package *ask, struct gh_error *err)
{
	X509 *x = cert_der_read(&ask->recipient);
	const struct key_way *way = x != NULL ? find_way(&ask->key_alg, x) : NULL;
	CMS_RecipientInfo *ri = NULL;
	unsigned flags = CMS_KEY_PARAM;
	int rc = 0;

	if (way == NULL) {
		X509_free(x);
		return gh_refuse(err, GH_E_VALIDATION,
		    "The client's certificate cannot be read, or its key cannot be used so.");
	}
	if (X509_get0_subject_key_id(x) != NULL)
		flags |= CMS_USE_KEYID;
	ri = CMS_add1_recipient_cert(cms, x, flags);
	if (ri == NULL || !set_way(ri, way))
		rc = gh_fail(err, GH_E_INTERNAL, "RecipientInfo");
	X509_free(x);
	return rc;
}

/* --- all of it -------------------------------------------------------------------------------- */

static int
encrypt(const struct kra_key_package *ask, const struct gh_buf *plain, struct gh_buf *out,
    struct gh_error *err)
{
	const EVP_CIPHER *cipher = find_cipher(&ask->content_alg);
	BIO *in = BIO_new_mem_buf(plain->data, (int)plain->len);
	CMS_ContentInfo *cms = NULL;
	unsigned char *der = NULL;
	int n = -1, rc;

	if (cipher == NULL)
		rc = gh_refuse(err, GH_E_VALIDATION, "The key is encrypted with AES-CBC only.");
	else if (in == NULL ||
	    (cms = CMS_encrypt(NULL, NULL, cipher, CMS_BINARY | CMS_PARTIAL)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "EnvelopedData");
	else
		rc = ask->kek.len > 0 ? add_kek(cms, ask, err) : add_certificate(cms, ask, err);
	if (rc == 0 && CMS_set1_eContentType(cms, OBJ_nid2obj(NID_pkcs7_signed)) == 1 &&
	    CMS_final(cms, in, NULL, CMS_BINARY) == 1)
		n = i2d_CMS_ContentInfo(cms, &der);
	if (n > 0)
		gh_buf_put(out, der, (size_t)n);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	if (rc != 0)
		return rc;
	return n > 0 ? gh_buf_check(out, err) : gh_fail(err, GH_E_INTERNAL, "EnvelopedData");
}

int
key_package_make(const struct key_package_content *c, struct gh_buf *out, struct gh_error *err)
{
	struct gh_buf plain;
	int rc;

	gh_buf_init(&plain, 2 * KRA_STORED_MAX);
	plain.secret = true;
	if ((rc = put_signed(c, &plain, err)) == 0)
		rc = encrypt(c->ask, &plain, out, err);
	gh_buf_free(&plain);
	ERR_clear_error();
	return rc;
}
