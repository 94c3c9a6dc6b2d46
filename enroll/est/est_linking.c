/* Does the CSR belong to the connection? See est_linking.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include "encoding.h"

#include "est_linking.h"

#define TEXT_MAX 255 /* characters of a DirectoryString in these attributes */
#define TLS_UNIQUE 12

/* RFC 7894, 4; id-aa is 1.2.840.113549.1.9.16.2 */
#define OTP_CHALLENGE "1.2.840.113549.1.9.16.2.56"
#define IDENTITY_LINKING "1.2.840.113549.1.9.16.2.58"
#define CHALLENGE_PASSWORD "1.2.840.113549.1.9.7"

/* NULL: the CSR has it not. The parser has refused one that is there twice. */
static X509_ATTRIBUTE *
find(const struct ca_pkcs10 *csr, const char *oid)
{
	ASN1_OBJECT *type = OBJ_txt2obj(oid, 1);
	int at = type != NULL ? X509_REQ_get_attr_by_OBJ(csr->req, type, -1) : -1;

	ASN1_OBJECT_free(type);
	return at >= 0 ? X509_REQ_get_attr(csr->req, at) : NULL;
}

/* The one text of an attribute: clients of RFC 7030 write a PrintableString, others UTF-8. */
static const ASN1_STRING *
text_of(X509_ATTRIBUTE *a)
{
	const ASN1_TYPE *t = X509_ATTRIBUTE_count(a) == 1 ? X509_ATTRIBUTE_get0_type(a, 0) : NULL;

	if (t == NULL ||
	    (t->type != V_ASN1_PRINTABLESTRING && t->type != V_ASN1_UTF8STRING &&
		t->type != V_ASN1_IA5STRING && t->type != V_ASN1_T61STRING))
		return NULL;
	return t->value.asn1_string;
}

static int
refuse(const char *why, struct gh_error *err)
{
	return gh_refuse(err, GH_E_LINKING,
	    "The CSR is not linked to this TLS connection (RFC 7030, 3.5): %s", why);
}

static int
compare(const unsigned char *sent, size_t n, const struct gh_tls *tls, struct gh_error *err)
{
	if (n == tls->binding_len && CRYPTO_memcmp(sent, tls->binding, n) == 0)
		return 0;
	if (n == TLS_UNIQUE && tls->binding_len != TLS_UNIQUE)
		return refuse("it has a tls-unique, and TLS 1.3 has none; use TLS 1.2, or the "
			      "exporter (RFC 9266).",
		    err);
	return refuse("its value is that of another connection. Make a new CSR for each.", err);
}

static int
verify(X509_ATTRIBUTE *a, const struct gh_tls *tls, struct gh_error *err)
{
	const ASN1_STRING *text = text_of(a);
	unsigned char *sent = NULL;
	size_t n = 0;
	int rc;

	if (text == NULL || ASN1_STRING_length(text) > TEXT_MAX ||
	    gh_base64_decode((const char *)ASN1_STRING_get0_data(text),
		(size_t)ASN1_STRING_length(text), &sent, &n, NULL) != 0)
		return refuse("its value is no base64 text of up to 255 characters.", err);
	if (tls->binding_len == 0)
		rc = refuse("the connection is a resumed one without extended master secret (RFC "
			    "7627), and has no value. Connect anew.",
		    err);
	else
		rc = compare(sent, n, tls, err);
	free(sent);
	return rc;
}

int
est_linking_check(enum est_linking mode, bool is_ra, const struct gh_tls *tls,
    const struct ca_pkcs10 *csr, struct gh_error *err)
{
	X509_ATTRIBUTE *password = find(csr, CHALLENGE_PASSWORD),
		       *linking = find(csr, IDENTITY_LINKING);
	int rc = 0;

	if (mode == EST_LINKING_NONE)
		password = NULL;
	if (find(csr, OTP_CHALLENGE) != NULL)
		return gh_refuse(err, GH_E_LINKING,
		    "The CSR has an otpChallenge (RFC 7894), which is not supported. Send a "
		    "one-time password by HTTP.");
	if (password == NULL && linking == NULL)
		return mode != EST_LINKING_REQUIRED
		    ? 0
		    : refuse("it has no challengePassword and no estIdentityLinking.", err);
	if (is_ra)
		return 0;
	if (password != NULL)
		rc = verify(password, tls, err);
	return rc == 0 && linking != NULL ? verify(linking, tls, err) : rc;
}
