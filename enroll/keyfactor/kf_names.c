/* Subject and SANs of a call. See kf_names.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "buf.h"
#include "dn_text.h"
#include "formats/names_text.h"
#include "formats/pkcs10.h"

#include "kf_names.h"

#define SUBJECT_MAX 2048 /* bytes */

/* ---- subject ---- */

/* "O=\"A, B\"" -> "O=A\\, B": what is in quotation marks stands for itself, but for a backslash,
 * and a mark that is doubled. */
static int
unquote(const char *text, struct gh_buf *out, struct gh_error *err)
{
	bool is_quoted = false;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0') {
			gh_buf_putc(out, *p++);
			gh_buf_putc(out, *p);
		} else if (*p == '"' && is_quoted && p[1] == '"') {
			gh_buf_puts(out, "\\\"");
			p++;
		} else if (*p == '"') {
			is_quoted = !is_quoted;
		} else {
			if (is_quoted && strchr(",+;<>=#", *p) != NULL)
				gh_buf_putc(out, '\\');
			gh_buf_putc(out, *p);
		}
	}
	gh_buf_putc(out, '\0');
	if (is_quoted)
		return gh_refuse(err, GH_E_BAD_REQUEST, "Subject: a quotation mark is missing.");
	return gh_buf_check(out, err);
}

static const char *
member_of(const X509_NAME_ENTRY *e)
{
	static const struct {
		int nid;
		const char *member;
	} types[] = {{NID_commonName, "CN"}, {NID_organizationalUnitName, "OU"},
	    {NID_organizationName, "O"}, {NID_localityName, "L"}, {NID_stateOrProvinceName, "ST"},
	    {NID_countryName, "C"}, {NID_pkcs9_emailAddress, "E"}};
	int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(e));

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].nid == nid)
			return types[i].member;
	return NULL;
}

/* To the list of its member. */
static int
add_value(gh_json *o, const char *member, const ASN1_STRING *value, struct gh_error *err)
{
	gh_json *list = gh_json_get(o, member);
	unsigned char *text = NULL;
	int n = ASN1_STRING_to_UTF8(&text, value), bad = n < 0;

	if (bad == 0 && list == NULL) {
		bad = gh_json_set(o, member, gh_json_new_array());
		list = gh_json_get(o, member);
	}
	if (bad == 0)
		bad = gh_json_append(list, gh_json_new_string((const char *)text));
	OPENSSL_free(text);
	return bad == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "subject");
}

static int
add_all(gh_json *o, const X509_NAME *name, struct gh_error *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
		const char *member = member_of(e);

		rc = member != NULL
		    ? add_value(o, member, X509_NAME_ENTRY_get_data(e), err)
		    : gh_refuse(err, GH_E_BAD_REQUEST,
			  "Subject has CN, OU, O, L, ST, C and E here, nothing else.");
	}
	return rc;
}

int
kf_subject(const char *text, gh_json **out, struct gh_error *err)
{
	X509_NAME *name = NULL;
	struct gh_buf plain;
	int rc;

	*out = NULL;
	if (text == NULL || *text == '\0')
		return 0;
	if (strlen(text) > SUBJECT_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST, "Subject has at most %d bytes.",
		    SUBJECT_MAX);
	gh_buf_init(&plain, 2 * SUBJECT_MAX + 1);
	if ((rc = unquote(text, &plain, err)) == 0 &&
	    (rc = gh_dn_parse((const char *)plain.data, &name, err)) == GH_E_CONF)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "Subject is no distinguished name.");
	gh_buf_free(&plain);
	if (rc == 0 && (*out = gh_json_new_object()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "subject");
	if (rc == 0)
		rc = add_all(*out, name, err);
	X509_NAME_free(name);
	if (rc != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	return rc;
}

/* ---- SANs ---- */

/* What CertEnroll calls it; others are refused there. */
static const char *
kind_of(const char *name)
{
	static const char *const kinds[][2] = {{"rfc822", "email"}, {"mail", "email"},
	    {"ms_ntprincipalname", "upn"}, {"ip", "ip"}, {"ip4", "ip4"}, {"ip6", "ip6"},
	    {"dns", "dns"}, {"uri", "uri"}, {"email", "email"}, {"upn", "upn"}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcasecmp(kinds[i][0], name) == 0)
			return kinds[i][1];
	return NULL;
}

/* {"key","value"} for each. */
static int
add_kind(gh_json *list, const char *kind, const gh_json *values, struct gh_error *err)
{
	for (size_t i = 0; i < gh_json_size(values); i++) {
		const char *value = gh_json_string(gh_json_at(values, i));
		gh_json *e;

		if (value == NULL)
			return gh_refuse(err, GH_E_BAD_REQUEST, "SANs.%s has what is no text.",
			    kind);
		e = gh_json_new_object();
		if ((gh_json_set_string(e, "key", kind) | gh_json_set_string(e, "value", value)) !=
			0 ||
		    e == NULL) {
			gh_json_free(e);
			return gh_fail(err, GH_E_NOMEM, "SANs");
		}
		if (gh_json_append(list, e) != 0)
			return gh_fail(err, GH_E_NOMEM, "SANs");
	}
	return 0;
}

static int
add_kinds(gh_json *list, const gh_json *sans, struct gh_error *err)
{
	int rc = 0;

	for (void *it = gh_json_iter(sans); rc == 0 && it != NULL; it = gh_json_next(sans, it)) {
		const gh_json *values = gh_json_iter_value(it);
		const char *kind = kind_of(gh_json_iter_name(it));

		if (gh_json_type(values) == GH_JSON_NULL)
			continue;
		if (gh_json_type(values) != GH_JSON_ARRAY)
			rc = gh_refuse(err, GH_E_BAD_REQUEST, "SANs.%.40s is no array.",
			    gh_json_iter_name(it));
		else if (kind == NULL && gh_json_size(values) > 0)
			rc = gh_refuse(err, GH_E_BAD_REQUEST, "SANs has no %.40s here.",
			    gh_json_iter_name(it));
		else if (kind != NULL)
			rc = add_kind(list, kind, values, err);
	}
	return rc;
}

int
kf_sans(const gh_json *sans, gh_json **out, struct gh_error *err)
{
	int rc;

	*out = NULL;
	if (gh_json_type(sans) == GH_JSON_NULL || gh_json_size(sans) == 0)
		return gh_json_type(sans) == GH_JSON_NULL || gh_json_type(sans) == GH_JSON_OBJECT
		    ? 0
		    : gh_refuse(err, GH_E_BAD_REQUEST, "SANs is no object.");
	if (gh_json_type(sans) != GH_JSON_OBJECT)
		return gh_refuse(err, GH_E_BAD_REQUEST, "SANs is no object.");
	if ((*out = gh_json_new_array()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "SANs");
	if ((rc = add_kinds(*out, sans, err)) != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	return rc;
}

/* ---- SANs beside a PKCS#10 ---- */

/* "dns:a" of the PKCS#10; NULL: out of memory. */
static gh_json *
names_of(const struct ca_pkcs10 *csr)
{
	int i = csr->extensions != NULL
	    ? X509v3_get_ext_by_NID(csr->extensions, NID_subject_alt_name, -1)
	    : -1;
	const ASN1_OCTET_STRING *der =
	    i >= 0 ? X509_EXTENSION_get_data(X509v3_get_ext(csr->extensions, i)) : NULL;

	return der != NULL
	    ? ca_san_json_der(ASN1_STRING_get0_data(der), (size_t)ASN1_STRING_length(der))
	    : gh_json_new_array();
}

/* name: {"key","value"} */
static bool
is_among(const gh_json *names, const gh_json *name)
{
	const char *key = gh_json_string(gh_json_get(name, "key")),
		   *value = gh_json_string(gh_json_get(name, "value"));
	size_t n = strncmp(key, "ip", 2) == 0 ? 2 : strlen(key);

	for (size_t i = 0; i < gh_json_size(names); i++) {
		const char *one = gh_json_string(gh_json_at(names, i));

		if (one != NULL && strncmp(one, key, n) == 0 && one[n] == ':' &&
		    strcasecmp(one + n + 1, value) == 0)
			return true;
	}
	return false;
}

static int
read_csr(const char *text, struct ca_pkcs10 **csr, struct gh_error *err)
{
	unsigned char *der = NULL;
	size_t len = 0;
	int rc = ca_pkcs10_unarmour(text, &der, &len, err);

	if (rc == 0)
		rc = ca_pkcs10_parse(der, len, csr, err);
	free(der);
	return rc;
}

int
kf_sans_check(const gh_json *sans, const char *pkcs10, struct gh_error *err)
{
	struct ca_pkcs10 *csr = NULL;
	gh_json *wanted = NULL, *names = NULL;
	int rc = kf_sans(sans, &wanted, err);

	if (rc == 0 && gh_json_size(wanted) > 0 && (rc = read_csr(pkcs10, &csr, err)) == 0 &&
	    (names = names_of(csr)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "SANs");
	for (size_t i = 0; rc == 0 && i < gh_json_size(wanted); i++)
		if (!is_among(names, gh_json_at(wanted, i)))
			rc = gh_refuse(err, GH_E_BAD_REQUEST,
			    "SANs: alternative names are those of the CSR. Put them into it.");
	ca_pkcs10_free(csr);
	gh_json_free(names);
	gh_json_free(wanted);
	return rc;
}
