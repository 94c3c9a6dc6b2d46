/* Names of a client certificate. The chain was verified by TLS; here only the SAN is read. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "auth_basic.h"
#include "auth_cert.h"
#include "utf8.h"

/* The text of a general name if it is of the kind asked for; borrowed, NULL when it is another kind. */
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

/* A NUL or control character inside would make the directory see another name than the issuer did. */
static char *
copy_name(const ASN1_STRING *s)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);
	int n = ASN1_STRING_length(s);
	char *name;

	if (n < 1 || n > AUTH_USER_MAX || memchr(p, '\0', (size_t)n) != NULL ||
	    (name = strndup((const char *)p, (size_t)n)) == NULL)
		return NULL;
	if (!enroll_utf8_is_clean(name)) {
		free(name);
		return NULL;
	}
	return name;
}

int
auth_cert_user(const unsigned char *der, size_t len, enum auth_cert_name which, char **out,
    struct gh_error *err)
{
	const unsigned char *p = der;
	X509 *cert = d2i_X509(NULL, &p, (long)len);
	GENERAL_NAMES *san = cert != NULL ? X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL) : NULL;
	const ASN1_STRING *s = san != NULL ? only_name(san, which) : NULL;

	*out = s != NULL ? copy_name(s) : NULL;
	GENERAL_NAMES_free(san);
	X509_free(cert);
	if (*out == NULL)
		return gh_fail(err, GH_E_AUTH_FAILED, "client certificate has not exactly one %s name",
		    which == AUTH_CERT_MAIL ? "mail" : "UPN");
	return 0;
}
