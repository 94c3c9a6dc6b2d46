/* Signatures of packages. See package_signature.h. */
#include <openssl/cms.h>
#include <openssl/err.h>

#include "formats/cms_constraints.h"
#include "package_signature.h"

/* Of what is in it; of what wraps something else nothing is said (RFC 6010, 2). */
static bool
may_sign(CMS_ContentInfo *cms)
{
	const ASN1_OBJECT *oid = CMS_get0_eContentType(cms);
	const struct gh_der type = {OBJ_get0_data(oid), OBJ_length(oid)};
	STACK_OF(X509) * by;
	bool is_inner, may = true;

	if (cms_type_word(&type, &is_inner) != NULL && !is_inner)
		return true;
	by = CMS_get0_signers(cms);
	for (int i = 0; i < sk_X509_num(by); i++)
		may &= cms_constraints_allow(sk_X509_value(by, i), &type);
	sk_X509_free(by);
	return may;
}

int
package_signature_check(const struct package_form *f, STACK_OF(X509) * signers, bool *is_checked,
    struct gh_error *err)
{
	const unsigned char *p = f->der.data;
	CMS_ContentInfo *cms;
	int rc = 0;

	*is_checked = false;
	if (!f->is_signed)
		return 0;
	if ((cms = d2i_CMS_ContentInfo(NULL, &p, (long)f->der.len)) == NULL)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "the package's SignedData cannot be read");
	else if (CMS_verify(cms, signers, NULL, NULL, NULL, CMS_NO_SIGNER_CERT_VERIFY) == 1) {
		*is_checked = may_sign(cms);
		if (!*is_checked)
			rc = gh_refuse(err, GH_E_BAD_REQUEST,
			    "the signer's certificate does not let it sign this type of content "
			    "(CMS content constraints, RFC 6010)");
	} else if (ERR_GET_REASON(ERR_peek_last_error()) != CMS_R_SIGNER_CERTIFICATE_NOT_FOUND)
		rc = gh_refuse(err, GH_E_BAD_REQUEST,
		    "the signature of the package is wrong: it was altered, or the signer's "
		    "certificate is another one's");
	ERR_clear_error();
	CMS_ContentInfo_free(cms);
	return rc;
}
