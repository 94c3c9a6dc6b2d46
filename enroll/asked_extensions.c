/* Extensions asked for and given. See asked_extensions.h. */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "asked_extensions.h"

typedef STACK_OF(X509_EXTENSION) extensions;

/* Have the two a usage in common? Also when one of them has none: any is meant then. */
static bool
shares_key_usage(const extensions *asked, const extensions *given)
{
	ASN1_BIT_STRING *a = X509V3_get_d2i(asked, NID_key_usage, NULL, NULL);
	ASN1_BIT_STRING *b = X509V3_get_d2i(given, NID_key_usage, NULL, NULL);
	bool shares = a == NULL || b == NULL;

	for (int bit = 0; !shares && bit < 9; bit++) /* RFC 5280, 4.2.1.3 */
		shares =
		    ASN1_BIT_STRING_get_bit(a, bit) == 1 && ASN1_BIT_STRING_get_bit(b, bit) == 1;
	ASN1_BIT_STRING_free(a);
	ASN1_BIT_STRING_free(b);
	return shares;
}

static bool
has(const EXTENDED_KEY_USAGE *usages, const ASN1_OBJECT *one)
{
	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++)
		if (OBJ_cmp(sk_ASN1_OBJECT_value(usages, i), one) == 0)
			return true;
	return false;
}

static bool
shares_extended_usage(const extensions *asked, const extensions *given)
{
	const ASN1_OBJECT *any = OBJ_nid2obj(NID_anyExtendedKeyUsage);
	EXTENDED_KEY_USAGE *a = X509V3_get_d2i(asked, NID_ext_key_usage, NULL, NULL);
	EXTENDED_KEY_USAGE *b = X509V3_get_d2i(given, NID_ext_key_usage, NULL, NULL);
	bool shares = a == NULL || b == NULL || has(a, any) || has(b, any);

	for (int i = 0; !shares && i < sk_ASN1_OBJECT_num(a); i++)
		shares = has(b, sk_ASN1_OBJECT_value(a, i));
	EXTENDED_KEY_USAGE_free(a);
	EXTENDED_KEY_USAGE_free(b);
	return shares;
}

static bool
asks_for_ca(const extensions *asked)
{
	BASIC_CONSTRAINTS *b = X509V3_get_d2i(asked, NID_basic_constraints, NULL, NULL);
	bool is_ca = b != NULL && b->ca != 0;

	BASIC_CONSTRAINTS_free(b);
	return is_ca;
}

/* What the CA adds behind the template, and basicConstraints of an end entity, which say what
 * certificates without them say. */
static bool
is_implied(int nid)
{
	return nid == NID_basic_constraints || nid == NID_subject_key_identifier ||
	    nid == NID_authority_key_identifier || nid == NID_crl_distribution_points ||
	    nid == NID_info_access;
}

static int
check_critical(const extensions *asked, const extensions *given, struct gh_error *err)
{
	char oid[80];

	for (int i = 0; i < sk_X509_EXTENSION_num(asked); i++) {
		X509_EXTENSION *e = sk_X509_EXTENSION_value(asked, i);
		const ASN1_OBJECT *type = X509_EXTENSION_get_object(e);

		if (!X509_EXTENSION_get_critical(e) || is_implied(OBJ_obj2nid(type)) ||
		    X509v3_get_ext_by_OBJ(given, type, -1) >= 0)
			continue;
		(void)OBJ_obj2txt(oid, sizeof(oid), type, 1);
		return gh_refuse(err, GH_E_DENIED,
		    "The template gives no extension %s, and the request says that it is critical.",
		    oid);
	}
	return 0;
}

int
asked_extensions_check(const struct ca_pkcs10 *csr, const struct cert_spec *spec,
    struct gh_error *err)
{
	const extensions *asked = csr->extensions, *given = spec->extensions;
	int rc = 0;

	if (asks_for_ca(asked))
		rc = gh_refuse(err, GH_E_DENIED, "The template gives no certificates of CAs.");
	else if (!shares_key_usage(asked, given))
		rc = gh_refuse(err, GH_E_DENIED,
		    "The template gives none of the key usages that are asked for.");
	else if (!shares_extended_usage(asked, given))
		rc = gh_refuse(err, GH_E_DENIED,
		    "The template gives none of the extended key usages that are asked for.");
	else
		rc = check_critical(asked, given, err);
	ERR_clear_error();
	return rc;
}
