/* Name constraints of a chain. See ca_constraints.h. */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "ca_constraints.h"

/* What libcrypto's check looks at: a certificate with these names, which nobody signs. NULL: no
 * memory. */
static X509 *
names_only(const struct cert_spec *spec)
{
	X509 *x = X509_new();
	int at = X509v3_get_ext_by_NID(spec->extensions, NID_subject_alt_name, -1);
	bool ok = x != NULL && X509_set_version(x, X509_VERSION_3) == 1 &&
	    X509_set_subject_name(x, spec->subject) == 1 &&
	    (at < 0 || X509_add_ext(x, X509v3_get_ext(spec->extensions, at), -1) == 1);

	if (!ok) {
		X509_free(x);
		return NULL;
	}
	/* decodes the SAN; that the rest is missing makes it say no, which does not matter */
	(void)X509_check_purpose(x, -1, 0);
	return x;
}

static int
check_one(X509 *names, const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	X509 *ca = d2i_X509(NULL, &p, (long)len);
	int found = -1, result = X509_V_OK;
	NAME_CONSTRAINTS *nc =
	    ca != NULL ? X509_get_ext_d2i(ca, NID_name_constraints, &found, NULL) : NULL;

	if (ca == NULL || (nc == NULL && found != -1))
		result = X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX;
	else if (nc != NULL && (result = NAME_CONSTRAINTS_check(names, nc)) == X509_V_OK)
		result = NAME_CONSTRAINTS_check_CN(names, nc);
	NAME_CONSTRAINTS_free(nc);
	X509_free(ca);
	return result;
}

int
ca_constraints_check(const struct ca *ca, const struct cert_spec *spec, struct gh_error *err)
{
	X509 *names = NULL;
	int result = X509_V_OK;

	for (size_t i = 0; result == X509_V_OK && i < ca->constrained.n; i++) {
		if (names == NULL && (names = names_only(spec)) == NULL)
			return gh_fail(err, GH_E_NOMEM, "names");
		result = check_one(names, ca->constrained.cert[i].der, ca->constrained.cert[i].len);
	}
	X509_free(names);
	ERR_clear_error();
	if (result == X509_V_OK)
		return 0;
	return gh_refuse(err, GH_E_CA_POLICY,
	    "the name constraints of a CA of the chain do not allow the names: %s",
	    X509_verify_cert_error_string(result));
}
