/* Signatures of packages. See package_signature.h. */
#include <openssl/cms.h>
#include <openssl/err.h>

#include "package_signature.h"

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
	else if (CMS_verify(cms, signers, NULL, NULL, NULL, CMS_NO_SIGNER_CERT_VERIFY) == 1)
		*is_checked = true;
	else if (ERR_GET_REASON(ERR_peek_last_error()) != CMS_R_SIGNER_CERTIFICATE_NOT_FOUND)
		rc = gh_refuse(err, GH_E_BAD_REQUEST,
		    "the signature of the package is wrong: it was altered, or the signer's "
		    "certificate is another one's");
	ERR_clear_error();
	CMS_ContentInfo_free(cms);
	return rc;
}
