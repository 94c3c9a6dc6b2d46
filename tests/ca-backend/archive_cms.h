/* PKIArchiveOptions as OpenSSL makes them: a client with a private key and a transport key. */
#ifndef TEST_ARCHIVE_CMS_H
#define TEST_ARCHIVE_CMS_H

#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "der.h"

/* A certificate of a transport key; who signed it does not matter. */
static inline X509 *
certify(const struct gh_der *spki)
{
	const unsigned char *p = spki->p;
	EVP_PKEY *transport = d2i_PUBKEY(NULL, &p, (long)spki->len), *other = EVP_EC_gen("P-256");
	X509 *x = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, transport);
	assert_int_not_equal(X509_sign(x, other, EVP_sha256()), 0);
	EVP_PKEY_free(transport);
	EVP_PKEY_free(other);
	return x;
}

/* RSAES-OAEP with SHA-256, or the key derivation with SHA-256. */
static inline void
add_recipient(CMS_ContentInfo *cms, X509 *x)
{
	CMS_RecipientInfo *ri = CMS_add1_recipient_cert(cms, x, CMS_KEY_PARAM);
	EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(ri);

	if (EVP_PKEY_is_a(X509_get0_pubkey(x), "EC")) {
		assert_int_equal(EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()), 1);
		return;
	}
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()), 1);
}

/* transport: SubjectPublicKeyInfo. Appends PKIArchiveOptions: what OpenSSL's CMS encrypts, its
 * ContentInfo taken off. */
static inline void
put_options(const struct gh_der *transport, const struct gh_der *pkcs8, const EVP_CIPHER *cipher,
    struct gh_buf *out)
{
	CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, cipher, CMS_PARTIAL | CMS_BINARY);
	BIO *in = BIO_new_mem_buf(pkcs8->p, (int)pkcs8->len);
	X509 *x = certify(transport);
	unsigned char *der = NULL;
	struct gh_der info, body, wrapped, data;

	add_recipient(cms, x);
	assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY), 1);
	info.len = (size_t)i2d_CMS_ContentInfo(cms, &der);
	info.p = der;
	assert_true(gh_der_take(&info, GH_DER_SEQUENCE, &body) &&
	    gh_der_take(&body, GH_DER_OID, NULL) &&
	    gh_der_take(&body, GH_DER_CONTEXT(0), &wrapped) &&
	    gh_der_take(&wrapped, GH_DER_SEQUENCE, &data));
	gh_der_put_header(out, GH_DER_CONTEXT(0), gh_der_size(data.len));
	gh_der_put(out, GH_DER_CONTEXT(0), data.p, data.len);
	OPENSSL_free(der);
	X509_free(x);
	BIO_free(in);
	CMS_ContentInfo_free(cms);
}

#endif
