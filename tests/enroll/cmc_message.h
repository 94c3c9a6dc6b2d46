/* A client of CMC for tests: requests written down part by part, and responses read. */
#ifndef TEST_CMC_MESSAGE_H
#define TEST_CMC_MESSAGE_H

#include <openssl/cms.h>
#include <openssl/x509v3.h>

#include "cmc/cmc_control.h"
#include "cmc/cmc_status.h"

#include "fake.h"

struct cmc_message {
	struct gh_buf controls, requests, others;
	unsigned last_id;
};

static inline void
message_init(struct cmc_message *m)
{
	*m = (struct cmc_message){.last_id = 0};
	gh_buf_init(&m->controls, 65536);
	gh_buf_init(&m->requests, 65536);
	gh_buf_init(&m->others, 65536);
}

static inline void
message_free(struct cmc_message *m)
{
	gh_buf_free(&m->controls);
	gh_buf_free(&m->requests);
	gh_buf_free(&m->others);
}

/* Returns its bodyPartID. value: whole element. */
static inline unsigned
message_control(struct cmc_message *m, unsigned kind, const void *value, size_t len)
{
	const unsigned char id[] = {GH_DER_INTEGER, 1, (unsigned char)++m->last_id};
	const unsigned char type[] = {GH_OID_DER(CMC_OID((unsigned char)kind))};

	gh_der_put_header(&m->controls, GH_DER_SEQUENCE,
	    sizeof(id) + sizeof(type) + gh_der_size(len));
	gh_buf_put(&m->controls, id, sizeof(id));
	gh_buf_put(&m->controls, type, sizeof(type));
	gh_der_put(&m->controls, GH_DER_SET, value, len);
	return m->last_id;
}

/* The value is an element of this tag. */
static inline unsigned
message_value(struct cmc_message *m, unsigned kind, unsigned tag, const void *p, size_t len)
{
	struct gh_buf b;
	unsigned id;

	gh_buf_init(&b, 65536);
	gh_der_put(&b, tag, p, len);
	id = message_control(m, kind, b.data, b.len);
	gh_buf_free(&b);
	return id;
}

static inline unsigned
message_pkcs10(struct cmc_message *m, X509_REQ *req)
{
	const unsigned char id[] = {GH_DER_INTEGER, 1, (unsigned char)++m->last_id};
	unsigned char *der = NULL;
	int n = i2d_X509_REQ(req, &der);

	assert_true(n > 0);
	gh_der_put_header(&m->requests, GH_DER_CONTEXT(0), sizeof(id) + (size_t)n);
	gh_buf_put(&m->requests, id, sizeof(id));
	gh_buf_put(&m->requests, der, (size_t)n);
	OPENSSL_free(der);
	return m->last_id;
}

static inline void
message_pki_data(const struct cmc_message *m, struct gh_buf *out)
{
	struct gh_buf b;

	gh_buf_init(&b, 262144);
	gh_der_put(&b, GH_DER_SEQUENCE, m->controls.data, m->controls.len);
	gh_der_put(&b, GH_DER_SEQUENCE, m->requests.data, m->requests.len);
	gh_der_put(&b, GH_DER_SEQUENCE, m->others.data, m->others.len);
	gh_der_put(&b, GH_DER_SEQUENCE, NULL, 0);
	gh_der_put(out, GH_DER_SEQUENCE, b.data, b.len);
	gh_buf_free(&b);
}

/* --- keys and requests ------------------------------------------------------------------------ */

static const unsigned char message_key_id[] = "key of the test....";

/* With subjectKeyIdentifier, unless key_id is NULL. */
static inline X509_REQ *
message_csr(EVP_PKEY *key, const void *key_id, size_t len)
{
	X509_REQ *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *ext = sk_X509_EXTENSION_new_null();
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();

	assert_int_equal(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN",
			     MBSTRING_ASC, (const unsigned char *)"from the csr", -1, -1, 0),
	    1);
	if (key_id != NULL) {
		assert_int_equal(ASN1_OCTET_STRING_set(id, key_id, (int)len), 1);
		sk_X509_EXTENSION_push(ext, X509V3_EXT_i2d(NID_subject_key_identifier, 0, id));
		assert_int_equal(X509_REQ_add_extensions(req, ext), 1);
	}
	assert_true(
	    X509_REQ_set_pubkey(req, key) == 1 && X509_REQ_sign(req, key, EVP_sha256()) > 0);
	ASN1_OCTET_STRING_free(id);
	sk_X509_EXTENSION_pop_free(ext, X509_EXTENSION_free);
	return req;
}

/* A certificate for this key, of nobody: what the library signs with. */
static inline X509 *
message_cert(EVP_PKEY *key, const void *key_id, size_t len)
{
	X509 *x = X509_new();
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();

	assert_true(ASN1_OCTET_STRING_set(id, key_id, (int)len) == 1 &&
	    X509_set_version(x, X509_VERSION_3) == 1 && X509_set_pubkey(x, key) == 1 &&
	    ASN1_INTEGER_set(X509_get_serialNumber(x), 7) == 1 &&
	    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
		(const unsigned char *)"self", -1, -1, 0) == 1 &&
	    X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -600) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(x), 86400) != NULL &&
	    X509_add1_ext_i2d(x, NID_subject_key_identifier, id, 0, 0) == 1 &&
	    X509_sign(x, key, EVP_sha256()) > 0);
	ASN1_OCTET_STRING_free(id);
	return x;
}

struct message_signing {
	EVP_PKEY *key;
	X509 *cert;
	const EVP_MD *md;   /* NULL: SHA-256 */
	const char *type;   /* NULL: PKIData */
	unsigned flags;     /* CMS_USE_KEYID, CMS_NOCERTS... */
	int copies;         /* of the signature, beside the first one */
	EVP_PKEY *also_key; /* one more signature; NULL: none */
	X509 *also_cert;
	unsigned also_flags;
	const char *time; /* signingTime as UTCTime; NULL: now */
};

/* *der: of the library. */
static inline size_t
message_sign(const struct gh_buf *content, const struct message_signing *s, unsigned char **der)
{
	unsigned flags = CMS_PARTIAL | CMS_BINARY | CMS_NOSMIMECAP | s->flags;
	BIO *in = BIO_new_mem_buf(content->data, (int)content->len);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	ASN1_OBJECT *type = OBJ_txt2obj(s->type != NULL ? s->type : "1.3.6.1.5.5.7.12.2", 1);
	const EVP_MD *md = s->md != NULL ? s->md : EVP_sha256();
	int n;

	assert_int_equal(CMS_set1_eContentType(cms, type), 1);
	for (int i = 0; s->key != NULL && i < 1 + s->copies; i++) {
		CMS_SignerInfo *si = CMS_add1_signer(cms, s->cert, s->key, md, flags);

		assert_non_null(si);
		if (s->time != NULL)
			assert_int_equal(CMS_signed_add1_attr_by_NID(si, NID_pkcs9_signingTime,
					     V_ASN1_UTCTIME, s->time, (int)strlen(s->time)),
			    1);
	}
	if (s->also_key != NULL)
		assert_non_null(CMS_add1_signer(cms, s->also_cert, s->also_key, md,
		    CMS_PARTIAL | CMS_BINARY | CMS_NOSMIMECAP | s->also_flags));
	if (s->key != NULL) {
		assert_int_equal(CMS_final(cms, in, NULL, flags), 1);
	} else {
		ASN1_OCTET_STRING_free(*CMS_get0_content(cms));
		*CMS_get0_content(cms) = ASN1_OCTET_STRING_new();
		assert_int_equal(ASN1_OCTET_STRING_set(*CMS_get0_content(cms), content->data,
				     (int)content->len),
		    1);
	}
	*der = NULL;
	n = i2d_CMS_ContentInfo(cms, der);
	assert_true(n > 0);
	CMS_ContentInfo_free(cms);
	ASN1_OBJECT_free(type);
	BIO_free(in);
	return (size_t)n;
}

/* --- responses -------------------------------------------------------------------------------- */

/* The value of the n-th control of this kind, whole; empty: there are fewer. pki: PKIResponse. */
static inline struct gh_der
response_control(const struct gh_der *pki, unsigned kind, size_t n)
{
	struct gh_der in = *pki, all, controls, one, type, values;

	assert_true(gh_der_take(&in, GH_DER_SEQUENCE, &all) &&
	    gh_der_take(&all, GH_DER_SEQUENCE, &controls));
	while (controls.len > 0) {
		assert_true(gh_der_take(&controls, GH_DER_SEQUENCE, &one) &&
		    gh_der_take(&one, GH_DER_INTEGER, NULL) &&
		    gh_der_take(&one, GH_DER_OID, &type) && gh_der_take(&one, GH_DER_SET, &values));
		if (type.p[type.len - 1] == kind && n-- == 0)
			return values;
	}
	return (struct gh_der){NULL, 0};
}

struct response_status {
	unsigned state, fail; /* fail: 99 where there is none */
	unsigned body[CMC_STATUS_BODIES_MAX];
	size_t bodies;
	char text[257];
	struct gh_der token;
};

static inline bool
response_status(const struct gh_der *pki, size_t n, struct response_status *out)
{
	struct gh_der in = response_control(pki, CMC_STATUS_INFO_V2, n), s, list, text, info;

	*out = (struct response_status){.fail = 99};
	if (in.len == 0)
		return false;
	assert_true(gh_der_take(&in, GH_DER_SEQUENCE, &s) && gh_der_take_u32(&s, &out->state) &&
	    gh_der_take(&s, GH_DER_SEQUENCE, &list) && list.len > 0);
	while (list.len > 0)
		assert_true(gh_der_take_u32(&list, &out->body[out->bodies++]));
	if (gh_der_take(&s, GH_DER_UTF8, &text))
		snprintf(out->text, sizeof(out->text), "%.*s", (int)text.len, text.p);
	if (!gh_der_take_u32(&s, &out->fail) && gh_der_take(&s, GH_DER_SEQUENCE, &info))
		assert_true(gh_der_take(&info, GH_DER_OCTETS, &out->token) &&
		    gh_der_take(&info, GH_DER_GEN_TIME, NULL));
	assert_int_equal(s.len, 0);
	return true;
}

#endif
