/* EnvelopedData. See cms_enveloped.h. */
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>

#include "ber.h"
#include "oid.h"

#include "cms_content.h"
#include "cms_enveloped.h"

static const unsigned char enveloped_data[] = {GH_OID_RSADSI, 1, 7, 3};
const struct gh_der cms_type_enveloped = {enveloped_data, sizeof(enveloped_data)};

static int
refuse_form(struct gh_error *err)
{
	ERR_clear_error();
	return gh_refuse(err, GH_E_BAD_REQUEST, "EnvelopedData is malformed (RFC 5652, 6).");
}

static int
refuse_algorithm(struct gh_error *err)
{
	return gh_refuse(err, GH_E_CSR_WEAK,
	    "EnvelopedData: it takes ECDH (dhSinglePass-stdDH) with SHA-256, SHA-384 or SHA-512, "
	    "AES key wrap, and AES in CBC mode.");
}

int
cms_enveloped_refuse(struct gh_error *err)
{
	return gh_refuse(err, GH_E_SIGNATURE,
	    "The message cannot be decrypted by the key of a certificate for CMC that is in use, "
	    "or what is in it is not signed well.");
}

bool
cms_enveloped_is(const unsigned char *ber, size_t len)
{
	return cms_content_is(ber, len, &cms_type_enveloped);
}

void
cms_enveloped_clear(struct cms_enveloped *m)
{
	CMS_ContentInfo_free(m->cms);
	gh_buf_free(&m->der);
	memset(m, 0, sizeof(*m));
}

/* --- reading ---------------------------------------------------------------------------------- */

/* aes128-CBC-PAD, 192, 256 (RFC 3565) */
static bool
take_cipher(struct gh_der *in)
{
	struct gh_der alg, oid;

	return gh_der_take(in, GH_DER_SEQUENCE, &alg) && gh_der_take(&alg, GH_DER_OID, &oid) &&
	    (GH_OID_IS(&oid, GH_OID_AES(2)) || GH_OID_IS(&oid, GH_OID_AES(22)) ||
		GH_OID_IS(&oid, GH_OID_AES(42)));
}

/* EnvelopedData ::= SEQUENCE { version, originatorInfo [0] OPTIONAL, recipientInfos SET,
 * EncryptedContentInfo ::= SEQUENCE { contentType, contentEncryptionAlgorithm, ... }, ... } */
static int
read_content_info(struct cms_enveloped *m, struct gh_error *err)
{
	struct gh_der in = {m->der.data, m->der.len}, all, value, data, content;

	if (!gh_der_take(&in, GH_DER_SEQUENCE, &all) || !gh_der_take(&all, GH_DER_OID, NULL) ||
	    !gh_der_take(&all, GH_DER_CONTEXT(0), &value) ||
	    !gh_der_take(&value, GH_DER_SEQUENCE, &data) ||
	    !gh_der_take(&data, GH_DER_INTEGER, NULL))
		return refuse_form(err);
	(void)gh_der_take(&data, GH_DER_CONTEXT(0), NULL);
	if (!gh_der_take(&data, GH_DER_SET, NULL) ||
	    !gh_der_take(&data, GH_DER_SEQUENCE, &content) ||
	    !gh_der_take(&content, GH_DER_OID, &m->type))
		return refuse_form(err);
	return take_cipher(&content) ? 0 : refuse_algorithm(err);
}

static STACK_OF(CMS_RecipientEncryptedKey) *
    keys_of(const struct cms_enveloped *m, int i, CMS_RecipientInfo **ri)
{
	*ri = sk_CMS_RecipientInfo_value(CMS_get0_RecipientInfos(m->cms), i);
	return CMS_RecipientInfo_type(*ri) == CMS_RECIPINFO_AGREE
	    ? CMS_RecipientInfo_kari_get0_reks(*ri)
	    : NULL;
}

static int
recipients(const struct cms_enveloped *m)
{
	return sk_CMS_RecipientInfo_num(CMS_get0_RecipientInfos(m->cms));
}

static bool
has_few_recipients(const struct cms_enveloped *m)
{
	int n = recipients(m), keys = n;
	CMS_RecipientInfo *ri;

	if (n > CMS_RECIPIENTS_MAX)
		return false;
	for (int i = 0; i < n; i++) {
		int more = sk_CMS_RecipientEncryptedKey_num(keys_of(m, i, &ri));

		keys += more > 0 ? more : 0; /* -1: it has no such list */
	}
	return n > 0 && keys <= 2 * CMS_RECIPIENTS_MAX;
}

int
cms_enveloped_read(const unsigned char *ber, size_t len, struct cms_enveloped *out,
    struct gh_error *err)
{
	const unsigned char *p;
	int rc;

	memset(out, 0, sizeof(*out));
	gh_buf_init(&out->der, CMS_ENVELOPED_MAX);
	if (!cms_enveloped_is(ber, len) || len > CMS_ENVELOPED_MAX ||
	    !gh_ber_put_der(&(struct gh_der){ber, len}, &out->der)) {
		rc = refuse_form(err);
	} else if ((rc = read_content_info(out, err)) == 0) {
		p = out->der.data;
		out->cms = d2i_CMS_ContentInfo(NULL, &p, (long)out->der.len);
		if (out->cms == NULL || !has_few_recipients(out))
			rc = refuse_form(err);
	}
	if (rc != 0)
		cms_enveloped_clear(out);
	return rc;
}

/* --- opening ---------------------------------------------------------------------------------- */

static CMS_RecipientEncryptedKey *
find_key(const struct cms_enveloped *m, X509 *cert, CMS_RecipientInfo **ri)
{
	STACK_OF(CMS_RecipientEncryptedKey) * keys;

	for (int i = 0; i < recipients(m); i++) {
		keys = keys_of(m, i, ri);
		for (int k = 0; k < sk_CMS_RecipientEncryptedKey_num(keys); k++) {
			CMS_RecipientEncryptedKey *one =
			    sk_CMS_RecipientEncryptedKey_value(keys, k);

			if (CMS_RecipientEncryptedKey_cert_cmp(one, cert) == 0)
				return one;
		}
	}
	return NULL;
}

bool
cms_enveloped_is_for(const struct cms_enveloped *m, X509 *cert)
{
	CMS_RecipientInfo *ri;

	return find_key(m, cert, &ri) != NULL;
}

/* KeyWrapAlgorithm, the parameter of the other one (RFC 5753, 7.1.4): id-aes128-wrap, 192, 256. */
static bool
is_aes_wrap(const X509_ALGOR *alg)
{
	const ASN1_STRING *v;
	struct gh_der in, wrap, oid;
	const void *value;
	int type;

	X509_ALGOR_get0(NULL, &type, &value, alg);
	if (type != V_ASN1_SEQUENCE)
		return false;
	v = value;
	in = (struct gh_der){ASN1_STRING_get0_data(v), (size_t)ASN1_STRING_length(v)};
	return gh_der_take(&in, GH_DER_SEQUENCE, &wrap) && gh_der_take(&wrap, GH_DER_OID, &oid) &&
	    (GH_OID_IS(&oid, GH_OID_AES(5)) || GH_OID_IS(&oid, GH_OID_AES(25)) ||
		GH_OID_IS(&oid, GH_OID_AES(45)));
}

static bool
is_strong(CMS_RecipientInfo *ri)
{
	const ASN1_OBJECT *oid;
	X509_ALGOR *alg;
	int nid;

	if (CMS_RecipientInfo_kari_get0_alg(ri, &alg, NULL) != 1)
		return false;
	X509_ALGOR_get0(&oid, NULL, NULL, alg);
	nid = OBJ_obj2nid(oid);
	return (nid == NID_dhSinglePass_stdDH_sha256kdf_scheme ||
		   nid == NID_dhSinglePass_stdDH_sha384kdf_scheme ||
		   nid == NID_dhSinglePass_stdDH_sha512kdf_scheme) &&
	    is_aes_wrap(alg);
}

static bool
decrypt(const struct cms_enveloped *m, CMS_RecipientInfo *ri, CMS_RecipientEncryptedKey *of,
    EVP_PKEY *key, BIO *out)
{
	bool ok = CMS_RecipientInfo_kari_set0_pkey(ri, key) == 1 &&
	    CMS_RecipientInfo_kari_decrypt(m->cms, ri, of) == 1 &&
	    CMS_decrypt(m->cms, NULL, NULL, NULL, out, CMS_BINARY) == 1;

	(void)CMS_RecipientInfo_kari_set0_pkey(ri, NULL);
	ERR_clear_error();
	return ok;
}

int
cms_enveloped_open(const struct cms_enveloped *m, EVP_PKEY *key, X509 *cert, struct gh_buf *out,
    struct gh_error *err)
{
	CMS_RecipientInfo *ri;
	CMS_RecipientEncryptedKey *of = find_key(m, cert, &ri);
	BIO *plain = BIO_new(BIO_s_mem());
	char *p = NULL;
	long n;
	int rc = 0;

	if (plain == NULL)
		return gh_fail(err, GH_E_NOMEM, "EnvelopedData");
	if (of != NULL && !is_strong(ri))
		rc = refuse_algorithm(err);
	else if (of == NULL || !decrypt(m, ri, of, key, plain) ||
	    (n = BIO_get_mem_data(plain, &p)) <= 0)
		rc = cms_enveloped_refuse(err);
	else
		cms_content_put(out, &m->type, &(struct gh_der){(unsigned char *)p, (size_t)n});
	BIO_free(plain);
	return rc;
}
