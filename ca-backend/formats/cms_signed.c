/* SignedData of CMS. See cms_signed.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "ber.h"

#include "cms_signed.h"

static int
refuse(struct gh_error *err)
{
	ERR_clear_error();
	return gh_refuse(err, GH_E_BAD_REQUEST,
	    "The body is no SignedData with content (RFC 5652, 5).");
}

void
cms_signed_clear(struct cms_signed *m)
{
	sk_X509_pop_free(m->certs, X509_free);
	CMS_ContentInfo_free(m->cms);
	memset(m, 0, sizeof(*m));
}

/* --- reading ---------------------------------------------------------------------------------- */

CMS_ContentInfo *
cms_decode(const struct gh_der *ber)
{
	CMS_ContentInfo *cms = NULL;
	const unsigned char *p;
	struct gh_buf der;

	gh_buf_init(&der, ber->len);
	if (gh_ber_put_der(ber, &der)) {
		p = der.data;
		cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.len);
		if (cms != NULL && p != der.data + der.len) {
			CMS_ContentInfo_free(cms);
			cms = NULL;
		}
	}
	gh_buf_free(&der);
	return cms;
}

static bool
take_parts(struct cms_signed *m)
{
	ASN1_OCTET_STRING **content = CMS_get0_content(m->cms);
	const ASN1_OBJECT *type = CMS_get0_eContentType(m->cms);

	if (content == NULL || *content == NULL || type == NULL)
		return false;
	m->content.p = ASN1_STRING_get0_data(*content);
	m->content.len = (size_t)ASN1_STRING_length(*content);
	m->type.p = OBJ_get0_data(type);
	m->type.len = OBJ_length(type);
	m->certs = CMS_get1_certs(m->cms);
	m->signers = sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(m->cms));
	if (m->signers < 0)
		m->signers = 0;
	return m->content.len > 0 && sk_X509_num(m->certs) <= CMS_CERTS_MAX;
}

int
cms_signed_read(const unsigned char *ber, size_t len, struct cms_signed *out, struct gh_error *err)
{
	memset(out, 0, sizeof(*out));
	if (len == 0 || len > CMS_MESSAGE_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The message is empty, or longer than %d bytes.", CMS_MESSAGE_MAX);
	out->cms = cms_decode(&(struct gh_der){ber, len});
	if (out->cms == NULL || OBJ_obj2nid(CMS_get0_type(out->cms)) != NID_pkcs7_signed ||
	    !take_parts(out)) {
		cms_signed_clear(out);
		return refuse(err);
	}
	ERR_clear_error();
	return 0;
}

/* --- who signed ------------------------------------------------------------------------------- */

static CMS_SignerInfo *
signer_info(const struct cms_signed *m, int i)
{
	return sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(m->cms), i);
}

void
cms_signed_signer(const struct cms_signed *m, int i, struct cms_signer_id *out)
{
	ASN1_OCTET_STRING *key_id = NULL;
	X509_NAME *issuer = NULL;
	ASN1_INTEGER *serial = NULL;

	(void)CMS_SignerInfo_get0_signer_id(signer_info(m, i), &key_id, &issuer, &serial);
	*out = (struct cms_signer_id){issuer, serial, key_id};
}

X509 *
cms_signed_find_cert(const struct cms_signed *m, int i)
{
	CMS_SignerInfo *si = signer_info(m, i);

	for (int n = 0; n < sk_X509_num(m->certs); n++)
		if (CMS_SignerInfo_cert_cmp(si, sk_X509_value(m->certs, n)) == 0)
			return sk_X509_value(m->certs, n);
	return NULL;
}

const ASN1_TIME *
cms_signed_time(const struct cms_signed *m, int i, bool *is_there)
{
	CMS_SignerInfo *si = signer_info(m, i);
	int at = CMS_signed_get_attr_by_NID(si, NID_pkcs9_signingTime, -1);
	X509_ATTRIBUTE *a = at >= 0 ? CMS_signed_get_attr(si, at) : NULL;
	const ASN1_TYPE *v =
	    a != NULL && X509_ATTRIBUTE_count(a) == 1 ? X509_ATTRIBUTE_get0_type(a, 0) : NULL;

	*is_there = at >= 0;
	if (v == NULL || (v->type != V_ASN1_UTCTIME && v->type != V_ASN1_GENERALIZEDTIME) ||
	    CMS_signed_get_attr_by_NID(si, NID_pkcs9_signingTime, at) >= 0)
		return NULL;
	return v->value.asn1_string;
}

/* --- verifying -------------------------------------------------------------------------------- */

/* The attribute that libcrypto leaves alone: without it, bytes signed as one type would do for
 * another. */
static bool
has_type_of_message(const struct cms_signed *m, CMS_SignerInfo *si)
{
	const ASN1_OBJECT *type =
	    CMS_signed_get0_data_by_OBJ(si, OBJ_nid2obj(NID_pkcs9_contentType), -3, V_ASN1_OBJECT);

	return type != NULL && OBJ_cmp(type, CMS_get0_eContentType(m->cms)) == 0;
}

/* NULL: none that counts. */
static const EVP_MD *
strong_digest(CMS_SignerInfo *si)
{
	const ASN1_OBJECT *oid;
	X509_ALGOR *digest = NULL;
	int nid;

	CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, NULL);
	X509_ALGOR_get0(&oid, NULL, NULL, digest);
	nid = OBJ_obj2nid(oid);
	return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512
	    ? EVP_get_digestbynid(nid)
	    : NULL;
}

/* libcrypto takes keys from certificates only: here is one around this key. */
static X509 *
wrap_key(EVP_PKEY *key)
{
	X509 *x = X509_new();

	if (x != NULL && X509_set_pubkey(x, key) != 1) {
		X509_free(x);
		x = NULL;
	}
	return x;
}

/* Not by libcrypto, which makes each digest that the message lists. */
static bool
has_digest_of_content(const struct cms_signed *m, CMS_SignerInfo *si, const EVP_MD *md)
{
	const ASN1_OCTET_STRING *said = CMS_signed_get0_data_by_OBJ(si,
	    OBJ_nid2obj(NID_pkcs9_messageDigest), -3, V_ASN1_OCTET_STRING);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	return said != NULL &&
	    EVP_Digest(m->content.p, m->content.len, digest, &n, md, NULL) == 1 &&
	    (size_t)ASN1_STRING_length(said) == n &&
	    memcmp(ASN1_STRING_get0_data(said), digest, n) == 0;
}

int
cms_signed_verify(const struct cms_signed *m, int i, EVP_PKEY *key, struct gh_error *err)
{
	CMS_SignerInfo *si = signer_info(m, i);
	const EVP_MD *md = strong_digest(si);
	X509 *cert;
	bool ok;

	if (md == NULL)
		return gh_refuse(err, GH_E_CSR_WEAK,
		    "The message must be signed with SHA-256, SHA-384 or SHA-512.");
	/* 5.3: there must be signed attributes where the content is not id-data */
	ok = CMS_signed_get_attr_count(si) > 0 && has_type_of_message(m, si) &&
	    has_digest_of_content(m, si, md);
	if ((cert = wrap_key(key)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "key of a signer");
	CMS_SignerInfo_set1_signer_cert(si, cert);
	ok = ok && CMS_SignerInfo_verify(si) == 1;
	CMS_SignerInfo_set1_signer_cert(si, NULL);
	X509_free(cert);
	ERR_clear_error();
	return ok ? 0
		  : gh_refuse(err, GH_E_SIGNATURE, "The signature of the message is not valid.");
}

/* --- making ----------------------------------------------------------------------------------- */

/* One that is there already (the signer's own) is no failure. */
static bool
add_cert(CMS_ContentInfo *cms, X509 *x)
{
	STACK_OF(X509) *there = CMS_get1_certs(cms);
	bool is_there = false;

	for (int i = 0; !is_there && i < sk_X509_num(there); i++)
		is_there = X509_cmp(sk_X509_value(there, i), x) == 0;
	sk_X509_pop_free(there, X509_free);
	return is_there || CMS_add1_cert(cms, x) == 1;
}

static bool
add_all(CMS_ContentInfo *cms, const struct cms_signing *s)
{
	bool ok = true;

	for (int i = 0; ok && i < sk_X509_num(s->certs); i++)
		ok = add_cert(cms, sk_X509_value(s->certs, i));
	for (int i = 0; ok && i < sk_X509_CRL_num(s->crls); i++)
		ok = CMS_add1_crl(cms, sk_X509_CRL_value(s->crls, i)) == 1;
	return ok;
}

static bool
sign(CMS_ContentInfo *cms, const struct cms_signing *s, const struct gh_der *content)
{
	BIO *in = BIO_new_mem_buf(content->p, (int)content->len);
	CMS_SignerInfo *si = CMS_add1_signer(cms, s->cert, s->key, EVP_sha256(),
	    CMS_BINARY | CMS_NOSMIMECAP | CMS_PARTIAL |
		(s->is_by_key_id ? CMS_USE_KEYID | CMS_NOCERTS : 0));
	bool ok = in != NULL && si != NULL &&
	    (s->attribute == NULL ||
		CMS_signed_add1_attr_by_txt(si, s->attribute, V_ASN1_SEQUENCE, s->value.p,
		    (int)s->value.len) == 1) &&
	    CMS_final(cms, in, NULL, CMS_BINARY) == 1;

	BIO_free(in);
	return ok;
}

/* libcrypto finishes no message without a signer. */
static bool
set_content(CMS_ContentInfo *cms, const struct gh_der *content)
{
	ASN1_OCTET_STRING **at = CMS_get0_content(cms), *s = ASN1_OCTET_STRING_new();

	if (at == NULL || s == NULL ||
	    ASN1_OCTET_STRING_set(s, content->p, (int)content->len) != 1) {
		ASN1_OCTET_STRING_free(s);
		return false;
	}
	ASN1_OCTET_STRING_free(*at);
	*at = s;
	return true;
}

static bool
fill(CMS_ContentInfo *cms, const struct cms_signing *s, const struct gh_der *content)
{
	ASN1_OBJECT *type = OBJ_txt2obj(s->type, 1);
	bool ok = type != NULL && CMS_set1_eContentType(cms, type) == 1 &&
	    (s->key != NULL ? sign(cms, s, content) : set_content(cms, content)) && add_all(cms, s);

	ASN1_OBJECT_free(type);
	return ok;
}

int
cms_signed_make(const struct cms_signing *s, const struct gh_der *content, unsigned char **der,
    size_t *len, struct gh_error *err)
{
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL | CMS_BINARY);
	unsigned char *p = NULL;
	int n = -1;

	*der = NULL;
	*len = 0;
	if (cms != NULL && fill(cms, s, content))
		n = i2d_CMS_ContentInfo(cms, &p);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	if (n > 0 && (*der = malloc((size_t)n)) != NULL) {
		memcpy(*der, p, (size_t)n);
		*len = (size_t)n;
	}
	OPENSSL_free(p);
	return *der != NULL ? 0 : gh_fail(err, GH_E_INTERNAL, "SignedData was not made");
}
