/* EnvelopedData for a key. See cms_encrypt.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "cms_encrypt.h"

static bool
fill(X509 *x, const struct cms_recipient *to, EVP_PKEY *any)
{
	void *id = (void *)(uintptr_t)to->key_id;

	return any != NULL && X509_set_version(x, X509_VERSION_3) == 1 &&
	    X509_set_pubkey(x, to->key) == 1 &&
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), to->serial) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(x), 0) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(x), 0) != NULL &&
	    (id == NULL ||
		X509_add1_ext_i2d(x, NID_subject_key_identifier, id, 0, X509V3_ADD_DEFAULT) == 1) &&
	    X509_sign(x, any, EVP_sha256()) > 0;
}

/* libcrypto takes keys from certificates only, and key identifiers from those that it can encode:
 * here is one around this key, signed by any. */
static X509 *
make_cert(const struct cms_recipient *to)
{
	X509 *x = X509_new();
	EVP_PKEY *any = EVP_EC_gen("P-256");

	if (x == NULL || !fill(x, to, any)) {
		X509_free(x);
		x = NULL;
	}
	EVP_PKEY_free(any);
	return x;
}

static bool
set_parameters(CMS_RecipientInfo *ri)
{
	EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(ri);

	if (ctx == NULL)
		return false;
	if (CMS_RecipientInfo_type(ri) == CMS_RECIPINFO_AGREE)
		return EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()) > 0;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) > 0 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) > 0;
}

/* type: NID of what is inside. */
static int
encrypt(X509 *cert, unsigned flags, int type, const struct gh_der *content, unsigned char **der)
{
	CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, EVP_aes_256_cbc(), flags);
	BIO *in = BIO_new_mem_buf(content->p, (int)content->len);
	CMS_RecipientInfo *ri =
	    cms != NULL ? CMS_add1_recipient_cert(cms, cert, CMS_KEY_PARAM | flags) : NULL;
	int n = -1;

	if (in != NULL && ri != NULL && set_parameters(ri) &&
	    CMS_set1_eContentType(cms, OBJ_nid2obj(type)) == 1 &&
	    CMS_final(cms, in, NULL, flags) == 1)
		n = i2d_CMS_ContentInfo(cms, der);
	BIO_free(in);
	CMS_ContentInfo_free(cms);
	return n;
}

/* From the library's memory, which is freed. */
static int
take(unsigned char *p, int n, unsigned char **der, size_t *len, struct gh_error *err)
{
	*der = NULL;
	*len = 0;
	ERR_clear_error();
	if (n > 0 && (*der = malloc((size_t)n)) != NULL) {
		memcpy(*der, p, (size_t)n);
		*len = (size_t)n;
	}
	OPENSSL_free(p);
	return *der != NULL ? 0 : gh_fail(err, GH_E_INTERNAL, "EnvelopedData was not made");
}

int
cms_encrypt(const struct cms_recipient *to, const struct gh_der *content, unsigned char **der,
    size_t *len, struct gh_error *err)
{
	const unsigned flags = CMS_BINARY | CMS_PARTIAL | (to->key_id != NULL ? CMS_USE_KEYID : 0);
	X509 *cert = make_cert(to);
	unsigned char *p = NULL;
	int n = cert != NULL ? encrypt(cert, flags, NID_pkcs7_data, content, &p) : -1;

	X509_free(cert);
	return take(p, n, der, len, err);
}

/* --- for a certificate ------------------------------------------------------------------------ */

bool
cms_encrypt_can(X509 *to)
{
	const EVP_PKEY *key = X509_get0_pubkey(to);
	uint32_t usage = X509_get_key_usage(to); /* all, where it says nothing */
	int type = key != NULL ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;

	return (type == EVP_PKEY_EC && (usage & KU_KEY_AGREEMENT) != 0) ||
	    (type == EVP_PKEY_RSA && (usage & KU_KEY_ENCIPHERMENT) != 0);
}

int
cms_encrypt_signed(X509 *to, const struct gh_der *message, unsigned char **der, size_t *len,
    struct gh_error *err)
{
	struct gh_der in = *message, all, content;
	unsigned char *p = NULL;
	int n = -1;

	if (gh_der_take(&in, GH_DER_SEQUENCE, &all) && gh_der_take(&all, GH_DER_OID, NULL) &&
	    gh_der_take(&all, GH_DER_CONTEXT(0), &content))
		n = encrypt(to, CMS_BINARY | CMS_PARTIAL, NID_pkcs7_signed, &content, &p);
	return take(p, n, der, len, err);
}
