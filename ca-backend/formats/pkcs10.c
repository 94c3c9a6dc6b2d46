/*
 * Parser of PKCS#10 certification requests, RFC 2986. Strict and without policy; see pkcs10_check.c
 * for what a well-formed request must fulfil to be certified.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "der.h"
#include "encoding.h"
#include "key_alg.h"
#include "lazy_key.h"
#include "oid.h"
#include "pkcs10.h"

#define ATTRIBUTES_MAX 32 /* Windows sends four or five */
#define EXTENSIONS_MAX 64
#define TEMPLATE_NAME_MAX 256 /* bytes of UTF-8 */
#define OID_TEXT_MAX 128

#define OBJECT_IS(obj, ...) \
	GH_OID_IS((&(struct gh_der){OBJ_get0_data(obj), OBJ_length(obj)}), __VA_ARGS__)

const char *
ca_key_type_name(enum ca_key_type t)
{
	switch (t) {
	case CA_KEY_RSA:
		return "RSA";
	case CA_KEY_EC:
		return "EC";
	case CA_KEY_ED25519:
		return "Ed25519";
	case CA_KEY_OTHER:
		break;
	}
	return "other";
}

void
ca_pkcs10_free(struct ca_pkcs10 *csr)
{
	if (csr == NULL)
		return;
	sk_X509_EXTENSION_pop_free(csr->extensions, X509_EXTENSION_free);
	EVP_PKEY_free(csr->key);
	X509_REQ_free(csr->req);
	OPENSSL_free(csr->spki);
	free(csr->der);
	free(csr->ms_template);
	free(csr->ms_template_oid);
	free(csr);
}

/* The text of an object identifier for a message. */
static const char *
oid_text(const ASN1_OBJECT *obj, char buf[OID_TEXT_MAX])
{
	if (OBJ_obj2txt(buf, OID_TEXT_MAX, obj, 1) <= 0)
		return "?";
	return buf;
}

/* --- attributes ------------------------------------------------------------------------------- */

static bool
is_extension_request(const ASN1_OBJECT *type)
{
	int nid = OBJ_obj2nid(type);

	return nid == NID_ext_req || nid == NID_ms_ext_req;
}

/* Attributes that carry one fact: a second value would be a choice for whoever reads it
 * (MS-WCCE 2.2.2.7; RFC 2985, 5.4.2 "SINGLE VALUE TRUE"). */
static bool
is_single_valued(const ASN1_OBJECT *type)
{
	return is_extension_request(type) || OBJECT_IS(type, GH_OID_MS_OS_VERSION) ||
	    OBJECT_IS(type, GH_OID_MS_ENROLLMENT_CSP);
}

/* Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension; an empty one is what some tools send for
 * "none". */
static int
parse_extensions(struct ca_pkcs10 *csr, X509_ATTRIBUTE *attr, struct gh_error *err)
{
	const ASN1_TYPE *value = X509_ATTRIBUTE_get0_type(attr, 0);
	const unsigned char *p, *end;

	if (value == NULL || value->type != V_ASN1_SEQUENCE)
		return gh_refuse(err, GH_E_CSR,
		    "CSR: extensionRequest is no SEQUENCE (RFC 2985, 5.4.2)");
	p = value->value.sequence->data;
	end = p + value->value.sequence->length;
	csr->extensions = d2i_X509_EXTENSIONS(NULL, &p, end - p);
	if (csr->extensions == NULL || p != end)
		return gh_refuse(err, GH_E_CSR, "CSR: extensionRequest does not hold Extensions");
	return 0;
}

static int
check_attribute(X509_REQ *req, int index, struct gh_error *err)
{
	char text[OID_TEXT_MAX];
	X509_ATTRIBUTE *attr = X509_REQ_get_attr(req, index);
	const ASN1_OBJECT *type = X509_ATTRIBUTE_get0_object(attr);
	int n = X509_ATTRIBUTE_count(attr);

	if (X509_REQ_get_attr_by_OBJ(req, type, index) >= 0)
		return gh_refuse(err, GH_E_CSR, "CSR: attribute %s twice", oid_text(type, text));
	if (n < 1 || (n > 1 && is_single_valued(type)))
		return gh_refuse(err, GH_E_CSR, "CSR: attribute %s has %d values",
		    oid_text(type, text), n);
	return 0;
}

static int
parse_attributes(struct ca_pkcs10 *csr, struct gh_error *err)
{
	int i, rc, n = X509_REQ_get_attr_count(csr->req);
	X509_ATTRIBUTE *extensions = NULL;

	if (n > ATTRIBUTES_MAX)
		return gh_refuse(err, GH_E_CSR, "CSR: more than %d attributes", ATTRIBUTES_MAX);
	for (i = 0; i < n; i++) {
		X509_ATTRIBUTE *attr = X509_REQ_get_attr(csr->req, i);

		if ((rc = check_attribute(csr->req, i, err)) != 0)
			return rc;
		if (!is_extension_request(X509_ATTRIBUTE_get0_object(attr)))
			continue;
		if (extensions != NULL)
			return gh_refuse(err, GH_E_CSR, "CSR: both forms of extensionRequest");
		extensions = attr;
	}
	return extensions != NULL ? parse_extensions(csr, extensions, err) : 0;
}

/* --- extensions ------------------------------------------------------------------------------- */

/* 1.3.6.1.4.1.311.20.2: a bare BMPString as Windows sends it, or SEQUENCE { UTF8String } as MS-WCCE
 * 2.2.2.7.7.1 prints it. */
static int
parse_template_name(struct ca_pkcs10 *csr, const struct gh_der *value, struct gh_error *err)
{
	struct gh_der in = *value, inner;
	unsigned char *text = NULL;
	const unsigned char *p;
	ASN1_STRING *s;
	int n = -1;

	if (gh_der_take(&in, GH_DER_SEQUENCE, &inner) && in.len == 0)
		in = inner;
	else
		in = *value;
	p = in.p;
	if ((s = d2i_ASN1_PRINTABLE(NULL, &p, (long)in.len)) != NULL && p == in.p + in.len)
		n = ASN1_STRING_to_UTF8(&text, s);
	ASN1_STRING_free(s);
	if (n >= 0 && n <= TEMPLATE_NAME_MAX && memchr(text, 0, (size_t)n) == NULL)
		csr->ms_template = strndup((char *)text, (size_t)n);
	OPENSSL_free(text);
	if (csr->ms_template == NULL)
		return gh_refuse(err, GH_E_CSR,
		    "CSR: template name (1.3.6.1.4.1.311.20.2) is unreadable");
	return 0;
}

/* 1.3.6.1.4.1.311.21.7: SEQUENCE { OID, INTEGER major OPTIONAL, INTEGER minor OPTIONAL },
 * MS-WCCE 2.2.2.7.7.2 */
static int
parse_template_oid(struct ca_pkcs10 *csr, const struct gh_der *value, struct gh_error *err)
{
	struct gh_der in = *value, body, oid;
	char text[OID_TEXT_MAX] = "";
	const unsigned char *p;
	ASN1_OBJECT *obj = NULL;
	int n = -1;

	if (gh_der_take(&in, GH_DER_SEQUENCE, &body) && in.len == 0 &&
	    gh_der_take_whole(&body, GH_DER_OID, &oid) &&
	    (body.len == 0 || gh_der_take_u32(&body, &csr->ms_template_major)) &&
	    (body.len == 0 || gh_der_take_u32(&body, &csr->ms_template_minor)) && body.len == 0) {
		p = oid.p;
		obj = d2i_ASN1_OBJECT(NULL, &p, (long)oid.len);
	}
	if (obj != NULL)
		n = OBJ_obj2txt(text, sizeof(text), obj, 1);
	ASN1_OBJECT_free(obj);
	if (n > 0 && n < (int)sizeof(text))
		csr->ms_template_oid = strdup(text);
	if (csr->ms_template_oid == NULL)
		return gh_refuse(err, GH_E_CSR,
		    "CSR: template (1.3.6.1.4.1.311.21.7) is unreadable");
	return 0;
}

static int
parse_extension(struct ca_pkcs10 *csr, int index, struct gh_error *err)
{
	char text[OID_TEXT_MAX];
	X509_EXTENSION *ext = sk_X509_EXTENSION_value(csr->extensions, index);
	const ASN1_OBJECT *type = X509_EXTENSION_get_object(ext);
	const ASN1_OCTET_STRING *octets = X509_EXTENSION_get_data(ext);
	struct gh_der value = {ASN1_STRING_get0_data(octets), (size_t)ASN1_STRING_length(octets)};

	/* RFC 5280, 4.2: not more than one instance */
	if (X509v3_get_ext_by_OBJ(csr->extensions, type, index) >= 0)
		return gh_refuse(err, GH_E_CSR, "CSR: extension %s twice", oid_text(type, text));
	if (!gh_der_is_strict(value.p, value.len))
		return gh_refuse(err, GH_E_CSR, "CSR: value of extension %s is not DER",
		    oid_text(type, text));
	if (OBJECT_IS(type, GH_OID_MS_TEMPLATE_NAME))
		return parse_template_name(csr, &value, err);
	if (OBJECT_IS(type, GH_OID_MS_TEMPLATE))
		return parse_template_oid(csr, &value, err);
	return 0;
}

static int
parse_all_extensions(struct ca_pkcs10 *csr, struct gh_error *err)
{
	int i, rc, n = sk_X509_EXTENSION_num(csr->extensions);

	if (n > EXTENSIONS_MAX)
		return gh_refuse(err, GH_E_CSR, "CSR: more than %d extensions", EXTENSIONS_MAX);
	for (i = 0; i < n; i++) {
		if ((rc = parse_extension(csr, i, err)) != 0)
			return rc;
	}
	if (n == 0) {
		sk_X509_EXTENSION_free(csr->extensions);
		csr->extensions = NULL;
	}
	return 0;
}

/* --- key -------------------------------------------------------------------------------------- */

static void
set_curve(struct ca_pkcs10 *csr)
{
	enum gh_curve curve;
	char group[80] = "";

	/* an unnamed group leaves "" behind, and the check refuses it */
	if (gh_curve_of_key(csr->key, &curve))
		snprintf(csr->curve, sizeof(csr->curve), "%s", gh_curve_name(curve));
	else if (EVP_PKEY_get_group_name(csr->key, group, sizeof(group), NULL) == 1)
		snprintf(csr->curve, sizeof(csr->curve), "%.15s", group);
}

static int
parse_key(struct ca_pkcs10 *csr, struct gh_error *err)
{
	int n = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(csr->req), &csr->spki);

	if (n <= 0)
		return gh_fail(err, GH_E_NOMEM, "SubjectPublicKeyInfo");
	csr->spki_len = (size_t)n;
	if ((csr->key = ca_lazy_key(csr->spki, csr->spki_len)) == NULL)
		return gh_refuse(err, GH_E_CSR, "CSR: the public key cannot be read");
	csr->key_bits = EVP_PKEY_get_bits(csr->key);
	switch (EVP_PKEY_get_base_id(csr->key)) {
	case EVP_PKEY_RSA:
		csr->key_type = CA_KEY_RSA;
		break;
	case EVP_PKEY_EC:
		csr->key_type = CA_KEY_EC;
		set_curve(csr);
		break;
	case EVP_PKEY_ED25519:
		csr->key_type = CA_KEY_ED25519;
		csr->key_bits = 256;
		break;
	default:
		csr->key_type = CA_KEY_OTHER;
		break;
	}
	return 0;
}

/* --- request ---------------------------------------------------------------------------------- */

static int
parse_request(struct ca_pkcs10 *csr, const unsigned char *der, size_t der_len, struct gh_error *err)
{
	const unsigned char *p = der;
	int rc;

	if ((csr->der = malloc(der_len)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "CSR of %zu bytes", der_len);
	memcpy(csr->der, der, der_len);
	csr->der_len = der_len;
	csr->req = ca_lazy_req(&p, (long)der_len);
	if (csr->req == NULL || p != der + der_len)
		return gh_refuse(err, GH_E_CSR, "CSR: not a CertificationRequest (RFC 2986, 4)");
	if (X509_REQ_get_version(csr->req) != X509_REQ_VERSION_1)
		return gh_refuse(err, GH_E_CSR, "CSR: version is not v1(0) (RFC 2986, 4.1)");
	if ((rc = parse_key(csr, err)) != 0)
		return rc;
	if ((rc = parse_attributes(csr, err)) != 0)
		return rc;
	return parse_all_extensions(csr, err);
}

int
ca_pkcs10_parse(const unsigned char *der, size_t der_len, struct ca_pkcs10 **out,
    struct gh_error *err)
{
	struct ca_pkcs10 *csr;
	int rc;

	*out = NULL;
	if (der_len == 0 || der_len > CA_PKCS10_DER_MAX)
		return gh_refuse(err, GH_E_CSR, "CSR: empty, or longer than %d bytes",
		    CA_PKCS10_DER_MAX);
	/* libcrypto takes BER; a signed request is DER (RFC 2986, 4.2), and has nothing behind
	 * it */
	if (!gh_der_is_strict(der, der_len))
		return gh_refuse(err, GH_E_CSR, "CSR: not DER, or bytes behind the request");
	if ((csr = calloc(1, sizeof(*csr))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "CSR");
	rc = parse_request(csr, der, der_len, err);
	ERR_clear_error();
	if (rc != 0) {
		ca_pkcs10_free(csr);
		return rc;
	}
	*out = csr;
	return 0;
}

/* --- armour ----------------------------------------------------------------------------------- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
trim(const char **p, size_t *len)
{
	while (*len > 0 && is_blank(**p)) {
		(*p)++;
		(*len)--;
	}
	while (*len > 0 && is_blank((*p)[*len - 1]))
		(*len)--;
}

/* Narrow *p, *len to what stands between the two lines of a label. RFC 7468, 7: both labels are in
 * use. Lines may have become blanks on the way. */
static bool
strip_label(const char **p, size_t *len, const char *label)
{
	char begin[64], end[64];
	size_t nb, ne;

	nb = (size_t)snprintf(begin, sizeof(begin), "-----BEGIN %s-----", label);
	ne = (size_t)snprintf(end, sizeof(end), "-----END %s-----", label);
	if (*len < nb + ne || memcmp(*p, begin, nb) != 0 || memcmp(*p + *len - ne, end, ne) != 0)
		return false;
	*p += nb;
	*len -= nb + ne;
	return true;
}

int
ca_pkcs10_unarmour(const char *text, unsigned char **der, size_t *der_len, struct gh_error *err)
{
	size_t len = strnlen(text, 2 * CA_PKCS10_DER_MAX);
	int rc;

	*der = NULL;
	*der_len = 0;
	if (len == 2 * CA_PKCS10_DER_MAX)
		return gh_refuse(err, GH_E_CSR, "CSR: longer than %d bytes", CA_PKCS10_DER_MAX);
	trim(&text, &len);
	if (len > 0 && text[0] == '-' && !strip_label(&text, &len, "CERTIFICATE REQUEST") &&
	    !strip_label(&text, &len, "NEW CERTIFICATE REQUEST"))
		return gh_refuse(err, GH_E_CSR,
		    "CSR: the PEM lines are not those of a certificate request");
	rc = gh_base64_decode(text, len, der, der_len, err);
	if (rc == GH_E_NOMEM)
		return rc;
	if (rc != 0)
		return gh_refuse(err, GH_E_CSR, "CSR: not base64");
	if (*der_len == 0) {
		free(*der);
		*der = NULL;
		return gh_refuse(err, GH_E_CSR, "CSR: empty");
	}
	return 0;
}
