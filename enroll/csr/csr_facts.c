/* What a certificate request says. See csr_facts.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/x509v3.h>

#include "digest.h"
#include "formats/names_text.h"
#include "hex.h"
#include "ip.h"
#include "name_prep.h"
#include "utf8.h"

#include "csr_facts.h"

#define SAN_VALUE_MAX 1024 /* bytes of one name as it is typed */

/* ---- subject ---- */

/* The value of entry i as UTF-8, control characters replaced; malloc'd. NULL: not readable. */
static char *
entry_text(const X509_NAME *name, int i)
{
	const X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
	unsigned char *utf8 = NULL;
	int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(e));
	char *text;

	for (int k = 0; k < n; k++) /* a NUL must not hide what is behind it */
		utf8[k] = utf8[k] == '\0' ? '?' : utf8[k];
	text = n >= 0 ? strndup((char *)utf8, (size_t)n) : NULL;
	OPENSSL_free(utf8);
	return text != NULL ? gh_utf8_clean(text) : NULL;
}

static int
set_first(gh_json *o, const char *member, const X509_NAME *name, int nid)
{
	int i = X509_NAME_get_index_by_NID((X509_NAME *)name, nid, -1), rc;
	char *text = i >= 0 ? entry_text(name, i) : NULL;

	rc = gh_json_set_string(o, member, text);
	free(text);
	return rc;
}

static int
set_subject(gh_json *o, const X509_NAME *name)
{
	char *text = ca_dn_text(name);
	int rc = text != NULL ? gh_json_set_string(o, "subject", gh_utf8_clean(text)) : -1;

	free(text);
	return rc;
}

/* ---- the rest ---- */

/* The extension's content, or empty. */
static struct gh_der
san_of(const struct ca_pkcs10 *csr)
{
	int i = X509v3_get_ext_by_NID(csr->extensions, NID_subject_alt_name, -1);
	const ASN1_OCTET_STRING *s =
	    i >= 0 ? X509_EXTENSION_get_data(X509v3_get_ext(csr->extensions, i)) : NULL;

	return s != NULL ? (struct gh_der){ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)}
			 : (struct gh_der){NULL, 0};
}

static gh_json *
sans_of(const struct ca_pkcs10 *csr)
{
	struct gh_der san = san_of(csr);

	return san.len > 0 ? ca_san_json_der(san.p, san.len) : gh_json_new_array();
}

static int
set_digest(gh_json *o, const char *member, const void *p, size_t n)
{
	unsigned char sum[32];
	char *text = gh_digest(GH_SHA256, p, n, sum) ? gh_hex_encode(sum, sizeof(sum)) : NULL;
	int rc = text != NULL ? gh_json_set_string(o, member, text) : -1;

	free(text);
	return rc;
}

gh_json *
csr_facts(const struct ca_pkcs10 *csr)
{
	const X509_NAME *name = X509_REQ_get_subject_name(csr->req);
	gh_json *o = gh_json_new_object();

	if (set_subject(o, name) == 0 && set_first(o, "common_name", name, NID_commonName) == 0 &&
	    set_first(o, "organization", name, NID_organizationName) == 0 &&
	    set_first(o, "country", name, NID_countryName) == 0 &&
	    gh_json_set_string(o, "key_type", ca_key_type_name(csr->key_type)) == 0 &&
	    gh_json_set_int(o, "key_size", csr->key_bits) == 0 &&
	    gh_json_set_string(o, "curve", *csr->curve != '\0' ? csr->curve : NULL) == 0 &&
	    gh_json_set(o, "sans", sans_of(csr)) == 0 &&
	    set_digest(o, "sha256", csr->der, csr->der_len) == 0 &&
	    set_digest(o, "key_sha256", csr->spki, csr->spki_len) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* ---- the common name ---- */

/* Prepared forms are compared; what cannot be prepared matches nothing. */
static int
compare_prepared(const unsigned char *a, size_t a_len, const char *b, bool *same,
    struct gh_error *err)
{
	struct gh_buf x, y;
	int rc;

	gh_buf_init(&x, 4 * GH_NAME_PREP_MAX);
	gh_buf_init(&y, 4 * GH_NAME_PREP_MAX);
	rc = gh_name_prep(a, a_len, &x, err);
	if (rc == 0)
		rc = gh_name_prep(b, strlen(b), &y, err);
	if (rc == 0 && (rc = gh_buf_check(&x, err)) == 0)
		rc = gh_buf_check(&y, err);
	*same = rc == 0 && x.len == y.len && (x.len == 0 || memcmp(x.data, y.data, x.len) == 0);
	gh_buf_free(&x);
	gh_buf_free(&y);
	return rc == GH_E_SUBJECT ? 0 : rc;
}

static int
compare_entry(const X509_NAME *name, int i, const char *typed, struct gh_error *err)
{
	const X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
	unsigned char *utf8 = NULL;
	int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(e)), rc = 0;
	bool same = false;

	if (n >= 0)
		rc = compare_prepared(utf8, (size_t)n, typed, &same, err);
	OPENSSL_free(utf8);
	if (rc == 0 && !same)
		rc = gh_refuse_as(err, GH_E_VALIDATION, "other_common_name", NULL,
		    "The certificate request has another common name.");
	return rc;
}

int
csr_check_common_name(const struct ca_pkcs10 *csr, const char *typed, struct gh_error *err)
{
	X509_NAME *name = X509_REQ_get_subject_name(csr->req);
	int i = X509_NAME_get_index_by_NID(name, NID_commonName, -1);

	if (i < 0 && typed == NULL)
		return 0;
	if (i < 0)
		return gh_refuse_as(err, GH_E_VALIDATION, "no_common_name", NULL,
		    "The certificate request has no common name: leave this empty.");
	if (X509_NAME_get_index_by_NID(name, NID_commonName, i) >= 0)
		return gh_refuse_as(err, GH_E_VALIDATION, "common_names", NULL,
		    "The certificate request has more than one common name.");
	if (typed == NULL)
		return gh_refuse_as(err, GH_E_VALIDATION, "required", NULL,
		    "Give the common name of the certificate request.");
	return compare_entry(name, i, typed, err);
}

/* ---- further names ---- */

/* A name without its type. */
static const char *
type_by_form(const char *value)
{
	unsigned char ip[GH_IP_SIZE];

	return gh_ip_parse(value, ip)      ? "ip"
	    : strstr(value, "://") != NULL ? "uri"
	    : strchr(value, '@') != NULL   ? "email"
					   : "dns";
}

/* type and value of a typed name; the type is static. */
static const char *
split(const char *name, const char **value)
{
	static const char *const types[] = {"dns", "email", "ip", "uri", "upn"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t n = strlen(types[i]);

		if (strncasecmp(name, types[i], n) == 0 && name[n] == ':') {
			*value = name + n + 1;
			return types[i];
		}
	}
	*value = name;
	return type_by_form(name);
}

static bool
is_same_name(const char *type, const char *typed, const char *found)
{
	unsigned char a[GH_IP_SIZE], b[GH_IP_SIZE];
	size_t n = strlen(type);

	if (strncmp(found, type, n) != 0 || found[n] != ':')
		return false;
	found += n + 1;
	if (strcmp(type, "ip") == 0)
		return gh_ip_parse(typed, a) && gh_ip_parse(found, b) &&
		    memcmp(a, b, sizeof(a)) == 0;
	return strcmp(type, "uri") == 0 ? strcmp(typed, found) == 0 : strcasecmp(typed, found) == 0;
}

static bool
has_name(const gh_json *found, const char *name)
{
	const char *value, *type = split(name, &value);

	for (size_t i = 0; i < gh_json_size(found); i++)
		if (is_same_name(type, value, gh_json_string(gh_json_at((gh_json *)found, i))))
			return true;
	return false;
}

int
csr_check_sans(const struct ca_pkcs10 *csr, const gh_json *names, struct gh_error *err)
{
	gh_json *found = sans_of(csr);
	int rc = found == NULL ? gh_fail(err, GH_E_NOMEM, "names") : 0;

	for (size_t i = 0; rc == 0 && i < gh_json_size(names); i++) {
		const char *name = gh_json_string(gh_json_at((gh_json *)names, i));

		if (name == NULL || strlen(name) > SAN_VALUE_MAX)
			rc = gh_refuse_as(err, GH_E_VALIDATION, "not_a_line", NULL,
			    "Each name must be a text.");
		else if (!has_name(found, name))
			rc = gh_refuse_as(err, GH_E_VALIDATION, "san_not_in_request", name,
			    "The certificate request does not have the name %.100s: names come from it "
			    "alone, since its key vouches for them.",
			    name);
	}
	gh_json_free(found);
	return rc;
}
