/* What a client wants its private key encrypted for. See decrypt_wish.h. */
#include <string.h>

#include "decrypt_wish.h"

/* RFC 7030, 4.4.1.1 and 4.4.1.2; RFC 8551, 2.5.2; RFC 5652, 11.1; RFC 6032, 2 */
#define DECRYPT_KEY "1.2.840.113549.1.9.16.2.37"
#define ASYMMETRIC_DECRYPT_KEY "1.2.840.113549.1.9.16.2.54"
#define SMIME_CAPABILITIES "1.2.840.113549.1.9.15"
#define CONTENT_TYPE "1.2.840.113549.1.9.3"
#define ENCRYPTED_KEY_PACKAGE "2.16.840.1.101.2.1.2.78.2"

/* *found; *value: content octets, of a SEQUENCE all of it. GH_E_BAD_REQUEST: not one value, or of
 * another type. */
static int
find(const struct ca_pkcs10 *csr, const char *oid, int type, bool *found, struct gh_der *value,
    struct gh_error *err)
{
	ASN1_OBJECT *name = OBJ_txt2obj(oid, 1);
	int at = name != NULL ? X509_REQ_get_attr_by_OBJ(csr->req, name, -1) : -1;
	X509_ATTRIBUTE *a = at >= 0 ? X509_REQ_get_attr(csr->req, at) : NULL;
	const ASN1_TYPE *v =
	    a != NULL && X509_ATTRIBUTE_count(a) == 1 ? X509_ATTRIBUTE_get0_type(a, 0) : NULL;

	ASN1_OBJECT_free(name);
	*found = a != NULL;
	if (a == NULL)
		return 0;
	if (v == NULL || v->type != type)
		return gh_refuse(err, GH_E_BAD_REQUEST, "The attribute %s is malformed.", oid);
	if (type == V_ASN1_OBJECT)
		*value =
		    (struct gh_der){OBJ_get0_data(v->value.object), OBJ_length(v->value.object)};
	else
		*value = (struct gh_der){ASN1_STRING_get0_data(v->value.asn1_string),
		    (size_t)ASN1_STRING_length(v->value.asn1_string)};
	return 0;
}

static int
read_identifiers(const struct ca_pkcs10 *csr, struct decrypt_wish *out, struct gh_error *err)
{
	struct gh_der other;
	bool is_symmetric, is_asymmetric;
	int rc;

	if ((rc = find(csr, DECRYPT_KEY, V_ASN1_OCTET_STRING, &is_symmetric, &out->id, err)) != 0 ||
	    (rc = find(csr, ASYMMETRIC_DECRYPT_KEY, V_ASN1_OCTET_STRING, &is_asymmetric, &other,
		 err)) != 0)
		return rc;
	if (is_symmetric && is_asymmetric)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "Name one key to encrypt the answer for: a symmetric or an asymmetric one.");
	if (is_symmetric)
		out->kind = DECRYPT_SYMMETRIC;
	else if (is_asymmetric)
		out->kind = DECRYPT_ASYMMETRIC, out->id = other;
	if (out->kind != DECRYPT_NONE && (out->id.len == 0 || out->id.len > DECRYPT_KEY_ID_MAX))
		return gh_refuse(err, GH_E_BAD_REQUEST, "A key identifier has 1 to %d bytes.",
		    DECRYPT_KEY_ID_MAX);
	return 0;
}

static int
read_capabilities(const struct ca_pkcs10 *csr, struct decrypt_wish *out, struct gh_error *err)
{
	struct gh_der value;
	bool found;
	int rc = find(csr, SMIME_CAPABILITIES, V_ASN1_SEQUENCE, &found, &value, err);

	if (rc != 0)
		return rc;
	if (!found)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The attribute SMIMECapabilities is missing: what can the client decrypt?");
	return smime_caps_read(&value, &out->caps, err);
}

static int
read_content_type(const struct ca_pkcs10 *csr, struct decrypt_wish *out, struct gh_error *err)
{
	ASN1_OBJECT *wanted;
	struct gh_der type;
	bool found;
	int rc = find(csr, CONTENT_TYPE, V_ASN1_OBJECT, &found, &type, err);

	if (rc != 0 || !found)
		return rc;
	if ((wanted = OBJ_txt2obj(ENCRYPTED_KEY_PACKAGE, 1)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "OID");
	out->wants_key_package = gh_der_equals(&type, OBJ_get0_data(wanted), OBJ_length(wanted));
	ASN1_OBJECT_free(wanted);
	return 0;
}

int
decrypt_wish_read(const struct ca_pkcs10 *csr, struct decrypt_wish *out, struct gh_error *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = read_identifiers(csr, out, err)) != 0 ||
	    (rc = read_content_type(csr, out, err)) != 0)
		return rc;
	if (out->kind == DECRYPT_NONE && out->wants_key_package)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "An EncryptedKeyPackage is encrypted for a key: name one (RFC 7030, 4.4.1).");
	return out->kind != DECRYPT_NONE ? read_capabilities(csr, out, err) : 0;
}
