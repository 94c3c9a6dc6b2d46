/* The names of a CertEnroll Pkcs12 call, as a PKCS#10 has them. See ce_pkcs12_parse.h. */
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "oid.h"
#include "utf8.h"

#include "ce_pkcs12_parse.h"

/* --- subject ---------------------------------------------------------------------------------- */

static int
add_attribute(X509_NAME *name, int nid, const char *member, const gh_json *v, struct gh_error *err)
{
	const char *text = gh_json_string(v);

	if (text != NULL && *text == '\0')
		return 0;
	if (text != NULL && gh_utf8_is_clean(text) && X509_NAME_entry_count(name) < CE_NAMES_MAX &&
	    X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, (const unsigned char *)text, -1,
		-1, 0) == 1)
		return 0;
	ERR_clear_error();
	return gh_refuse(err, GH_E_BAD_REQUEST,
	    "%s of SubjectNameAttributes is no text, too long, or has characters that it must not have.",
	    member);
}

/* From the country down, whatever the order of the members: a client's hashtable has none. */
static int
put_subject(const gh_json *subject, X509_NAME *name, struct gh_error *err)
{
	static const struct {
		const char *member;
		int nid;
	} types[] = {{"C", NID_countryName}, {"ST", NID_stateOrProvinceName},
	    {"L", NID_localityName}, {"O", NID_organizationName},
	    {"OU", NID_organizationalUnitName}, {"CN", NID_commonName},
	    {"E", NID_pkcs9_emailAddress}};
	gh_json *v;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(types) / sizeof(types[0]); i++) {
		if ((rc = gh_json_find(subject, types[i].member, &v, err)) != 0)
			break;
		if (gh_json_type(v) == GH_JSON_ARRAY)
			for (size_t k = 0; rc == 0 && k < gh_json_size(v); k++)
				rc = add_attribute(name, types[i].nid, types[i].member,
				    gh_json_at(v, k), err);
		else if (gh_json_type(v) != GH_JSON_NULL)
			rc = add_attribute(name, types[i].nid, types[i].member, v, err);
	}
	return rc;
}

/* --- SAN -------------------------------------------------------------------------------------- */

static bool
set_ia5(GENERAL_NAME *gn, int type, const char *text)
{
	ASN1_IA5STRING *s = ASN1_IA5STRING_new();

	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80) {
			ASN1_IA5STRING_free(s);
			return false;
		}
	if (s == NULL || ASN1_STRING_set(s, text, -1) != 1) {
		ASN1_IA5STRING_free(s);
		return false;
	}
	GENERAL_NAME_set0_value(gn, type, s);
	return true;
}

static bool
set_ip(GENERAL_NAME *gn, int type, const char *text)
{
	ASN1_OCTET_STRING *s = a2i_IPADDRESS(text);

	if (s != NULL)
		GENERAL_NAME_set0_value(gn, type, s);
	return s != NULL;
}

static bool
set_upn(GENERAL_NAME *gn, int type, const char *text)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(GH_OID_TEXT_UPN, 1);
	ASN1_TYPE *value = ASN1_TYPE_new();
	ASN1_UTF8STRING *s = ASN1_UTF8STRING_new();

	(void)type;
	if (oid != NULL && value != NULL && s != NULL && ASN1_STRING_set(s, text, -1) == 1) {
		ASN1_TYPE_set(value, V_ASN1_UTF8STRING, s);
		s = NULL;
		if (GENERAL_NAME_set0_othername(gn, oid, value) == 1)
			return true;
	}
	ASN1_OBJECT_free(oid);
	ASN1_TYPE_free(value);
	ASN1_UTF8STRING_free(s);
	return false;
}

static const struct san_kind {
	const char *key;
	int type;
	bool (*set)(GENERAL_NAME *gn, int type, const char *text);
} san_kinds[] = {
    {"dns", GEN_DNS, set_ia5},
    {"dnsname", GEN_DNS, set_ia5},
    {"ip", GEN_IPADD, set_ip},
    {"ip4", GEN_IPADD, set_ip},
    {"ip6", GEN_IPADD, set_ip},
    {"ipaddress", GEN_IPADD, set_ip},
    {"email", GEN_EMAIL, set_ia5},
    {"rfc822name", GEN_EMAIL, set_ia5},
    {"uri", GEN_URI, set_ia5},
    {"upn", GEN_OTHERNAME, set_upn},
};

/* A name that is left out in silence would be missing from the certificate. */
static int
add_san(GENERAL_NAMES *sans, const char *key, const gh_json *v, struct gh_error *err)
{
	const char *text = gh_json_string(v);
	const struct san_kind *kind = NULL;
	GENERAL_NAME *gn;

	for (size_t i = 0; key != NULL && i < sizeof(san_kinds) / sizeof(san_kinds[0]); i++)
		if (strcasecmp(key, san_kinds[i].key) == 0)
			kind = &san_kinds[i];
	if (kind == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "The key of each of SubjectAltNameElements is dns, ip, email, uri or upn.");
	if (text == NULL || *text == '\0' || !gh_utf8_is_clean(text) ||
	    sk_GENERAL_NAME_num(sans) >= CE_NAMES_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "SubjectAltNameElements: a %s is no text, or there are more than %d.",
		    kind->key, CE_NAMES_MAX);
	gn = GENERAL_NAME_new();
	if (gn == NULL || !kind->set(gn, kind->type, text) || sk_GENERAL_NAME_push(sans, gn) == 0) {
		GENERAL_NAME_free(gn);
		ERR_clear_error();
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "SubjectAltNameElements: \"%.80s\" cannot be a %s.", text, kind->key);
	}
	return 0;
}

/* [{"key":"dns","value":"host.example.com"}] */
static int
put_san_list(const gh_json *list, GENERAL_NAMES *sans, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < gh_json_size(list); i++) {
		const gh_json *e = gh_json_at(list, i);
		gh_json *key, *value;

		if (gh_json_type(e) != GH_JSON_OBJECT)
			return gh_refuse(err, GH_E_BAD_REQUEST,
			    "SubjectAltNameElements is an array of {\"key\", \"value\"}.");
		if ((rc = gh_json_find(e, "key", &key, err)) == 0 &&
		    (rc = gh_json_find(e, "value", &value, err)) == 0)
			rc = add_san(sans, gh_json_string(key), value, err);
	}
	return rc;
}

/* {"dns":"host.example.com"}, or {"dns":["a.example.com","b.example.com"]} */
static int
put_san_map(const gh_json *map, GENERAL_NAMES *sans, struct gh_error *err)
{
	int rc = 0;

	for (void *it = gh_json_iter(map); rc == 0 && it != NULL; it = gh_json_next(map, it)) {
		const gh_json *v = gh_json_iter_value(it);

		if (gh_json_type(v) != GH_JSON_ARRAY)
			rc = add_san(sans, gh_json_iter_name(it), v, err);
		for (size_t i = 0;
		     rc == 0 && i < gh_json_size(v) && gh_json_type(v) == GH_JSON_ARRAY; i++)
			rc = add_san(sans, gh_json_iter_name(it), gh_json_at(v, i), err);
	}
	return rc;
}

/* --- encoding --------------------------------------------------------------------------------- */

static int
encode_subject(const gh_json *subject, struct ce_names *out, struct gh_error *err)
{
	X509_NAME *name = X509_NAME_new();
	int n, rc;

	if (name == NULL)
		return gh_fail(err, GH_E_NOMEM, "subject");
	if ((rc = put_subject(subject, name, err)) == 0) {
		n = i2d_X509_NAME(name, &out->subject);
		out->subject_len = n > 0 ? (size_t)n : 0;
		rc = n > 0 ? 0 : gh_fail(err, GH_E_NOMEM, "subject");
	}
	X509_NAME_free(name);
	return rc;
}

static int
encode_extensions(const GENERAL_NAMES *sans, struct ce_names *out, struct gh_error *err)
{
	X509_EXTENSIONS *list = NULL;
	int n = -1;

	if (X509V3_add1_i2d(&list, NID_subject_alt_name, (void *)(uintptr_t)sans, 0,
		X509V3_ADD_DEFAULT) == 1)
		n = i2d_X509_EXTENSIONS(list, &out->extensions);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	out->extensions_len = n > 0 ? (size_t)n : 0;
	return n > 0 ? 0 : gh_fail(err, GH_E_NOMEM, "subject alternative names");
}

int
ce_names_encode(const struct ce_pkcs12_body *b, struct ce_names *out, struct gh_error *err)
{
	GENERAL_NAMES *sans = GENERAL_NAMES_new();
	int rc;

	memset(out, 0, sizeof(*out));
	if (sans == NULL)
		return gh_fail(err, GH_E_NOMEM, "subject alternative names");
	if ((rc = encode_subject(b->subject, out, err)) == 0)
		rc = gh_json_type(b->sans) == GH_JSON_ARRAY ? put_san_list(b->sans, sans, err)
							    : put_san_map(b->sans, sans, err);
	if (rc == 0 && sk_GENERAL_NAME_num(sans) > 0)
		rc = encode_extensions(sans, out, err);
	GENERAL_NAMES_free(sans);
	if (rc != 0)
		ce_names_clear(out);
	return rc;
}

void
ce_names_clear(struct ce_names *n)
{
	OPENSSL_free(n->subject);
	OPENSSL_free(n->extensions);
	memset(n, 0, sizeof(*n));
}
