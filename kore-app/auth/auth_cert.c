/* Names of a client certificate. The chain was verified by TLS; here only SAN and security
 * extension are read. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "oid.h"
#include "utf8.h"

#include "auth_basic.h"
#include "auth_cert.h"

#define SID_URI "tag:microsoft.com,2022-09-14:sid:"
#define SID_MAX 184 /* characters (MS-DTYP 2.4.2.1) */

/* --- the name --------------------------------------------------------------------------------- */

/* The text of a general name if it is of the kind asked for; borrowed, NULL when it is another
 * kind. */
static const ASN1_STRING *
name_text(const GENERAL_NAME *name, enum auth_cert_name which)
{
	if (which == AUTH_CERT_MAIL)
		return name->type == GEN_EMAIL ? name->d.rfc822Name : NULL;
	if (name->type != GEN_OTHERNAME || OBJ_obj2nid(name->d.otherName->type_id) != NID_ms_upn ||
	    name->d.otherName->value->type != V_ASN1_UTF8STRING)
		return NULL;
	return name->d.otherName->value->value.utf8string;
}

/* The only name of that kind; NULL when there is none or a second one. */
static const ASN1_STRING *
only_name(const GENERAL_NAMES *san, enum auth_cert_name which)
{
	const ASN1_STRING *found = NULL;

	for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
		const ASN1_STRING *s = name_text(sk_GENERAL_NAME_value(san, i), which);

		if (s != NULL && found != NULL)
			return NULL;
		if (s != NULL)
			found = s;
	}
	return found;
}

/* A NUL or control character inside would make the directory see another name than the issuer
 * did. */
static char *
copy_name(const ASN1_STRING *s)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);
	int n = ASN1_STRING_length(s);
	char *name;

	if (n < 1 || n > AUTH_USER_MAX || memchr(p, '\0', (size_t)n) != NULL ||
	    (name = strndup((const char *)p, (size_t)n)) == NULL)
		return NULL;
	if (!gh_utf8_is_clean(name)) {
		free(name);
		return NULL;
	}
	return name;
}

/* --- the SID ---------------------------------------------------------------------------------- */

/* Takes the SID that stands in p. false: it is none, or another one than *sid. */
static bool
take_sid(const unsigned char *p, int n, char **sid)
{
	char text[SID_MAX + 1];

	if (n < 5 || n > SID_MAX || memcmp(p, "S-1-", 4) != 0)
		return false;
	memcpy(text, p, (size_t)n);
	text[n] = '\0';
	if (text[1 + strspn(text + 1, "-0123456789")] != '\0')
		return false;
	if (*sid != NULL)
		return strcmp(*sid, text) == 0;
	return (*sid = strdup(text)) != NULL;
}

static bool
has_type(const GENERAL_NAME *name, const char *oid)
{
	char text[64];

	return name->type == GEN_OTHERNAME &&
	    OBJ_obj2txt(text, sizeof(text), name->d.otherName->type_id, 1) > 0 &&
	    strcmp(text, oid) == 0;
}

/* SEQUENCE { [0] { OID, [0] OCTET STRING } }: the form of GeneralNames. */
static bool
take_sid_extension(X509_EXTENSION *ext, char **sid)
{
	const ASN1_OCTET_STRING *s = X509_EXTENSION_get_data(ext);
	const unsigned char *p = ASN1_STRING_get0_data(s), *end = p + ASN1_STRING_length(s);
	GENERAL_NAMES *names = d2i_GENERAL_NAMES(NULL, &p, ASN1_STRING_length(s));
	const GENERAL_NAME *name =
	    sk_GENERAL_NAME_num(names) == 1 ? sk_GENERAL_NAME_value(names, 0) : NULL;
	const ASN1_TYPE *value =
	    name != NULL && has_type(name, GH_OID_TEXT_SID) ? name->d.otherName->value : NULL;
	bool ok = p == end && value != NULL && value->type == V_ASN1_OCTET_STRING;

	ok = ok &&
	    take_sid(ASN1_STRING_get0_data(value->value.octet_string),
		ASN1_STRING_length(value->value.octet_string), sid);
	GENERAL_NAMES_free(names);
	return ok;
}

static bool
take_sid_extensions(const X509 *cert, char **sid)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(GH_OID_TEXT_SID_EXTENSION, 1);
	int at = oid != NULL ? X509_get_ext_by_OBJ(cert, oid, -1) : -1;
	bool ok = oid != NULL;

	if (ok && at >= 0)
		ok = X509_get_ext_by_OBJ(cert, oid, at) < 0 &&
		    take_sid_extension(X509_get_ext(cert, at), sid);
	ASN1_OBJECT_free(oid);
	return ok;
}

static bool
take_sid_uris(const GENERAL_NAMES *san, char **sid)
{
	const int prefix = (int)sizeof(SID_URI) - 1;
	bool is_first = true;

	for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(san, i);
		const unsigned char *p;
		int n;

		if (name->type != GEN_URI)
			continue;
		p = ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
		n = ASN1_STRING_length(name->d.uniformResourceIdentifier);
		if (n < prefix || strncasecmp((const char *)p, SID_URI, (size_t)prefix) != 0)
			continue;
		if (!is_first || !take_sid(p + prefix, n - prefix, sid))
			return false;
		is_first = false;
	}
	return true;
}

/* --- both ------------------------------------------------------------------------------------- */

static int
read_names(const X509 *cert, enum auth_cert_name which, struct auth_cert *out, struct gh_error *err)
{
	GENERAL_NAMES *san =
	    cert != NULL ? X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL) : NULL;
	const ASN1_STRING *s = san != NULL ? only_name(san, which) : NULL;
	bool has_sids;

	out->name = s != NULL ? copy_name(s) : NULL;
	has_sids = out->name != NULL && take_sid_uris(san, &out->sid) &&
	    take_sid_extensions(cert, &out->sid);
	GENERAL_NAMES_free(san);
	if (out->name == NULL)
		return gh_fail(err, GH_E_AUTH_FAILED,
		    "client certificate has not exactly one %s name",
		    which == AUTH_CERT_MAIL ? "mail" : "UPN");
	return has_sids ? 0 : gh_fail(err, GH_E_AUTH_FAILED, "client certificate has no clear SID");
}

int
auth_cert_read(const unsigned char *der, size_t len, enum auth_cert_name which,
    struct auth_cert *out, struct gh_error *err)
{
	const unsigned char *p = der;
	X509 *cert = d2i_X509(NULL, &p, (long)len);
	int rc;

	memset(out, 0, sizeof(*out));
	rc = read_names(cert, which, out, err);
	X509_free(cert);
	if (rc != 0)
		auth_cert_clear(out);
	return rc;
}

void
auth_cert_clear(struct auth_cert *c)
{
	free(c->name);
	free(c->sid);
	memset(c, 0, sizeof(*c));
}
