/* See est_pkcs12.h. */
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pkcs12.h>

#include "durable_file.h"

#include "prompt.h"

#include "est_pkcs12.h"

int
est_pkcs12_prepare(const char *file, const char *password_file, struct est_pkcs12 *out,
    struct gh_error *err)
{
	*out = (struct est_pkcs12){.file = file};
	if (access(file, F_OK) == 0)
		return gh_refuse(err, GH_E_CONFLICT, "%.150s is there already", file);
	return prompt_password(password_file, "Password of the PKCS#12", false, &out->password,
	    err);
}

void
est_pkcs12_clear(struct est_pkcs12 *p)
{
	prompt_free(p->password);
	memset(p, 0, sizeof(*p));
}

int
est_pkcs12_take(const struct est_pkcs12 *p, const struct gh_der *pfx, EVP_PKEY **key, X509 **cert,
    struct gh_error *err)
{
	const unsigned char *at = pfx->p;
	PKCS12 *p12 = d2i_PKCS12(NULL, &at, (long)pfx->len);
	int rc;

	*key = NULL;
	*cert = NULL;
	if (p12 == NULL)
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "the answer is no PKCS#12");
	else if ((rc = gh_file_write(p->file, pfx->p, pfx->len, 0600, false, err)) == 0 &&
	    (PKCS12_parse(p12, p->password, key, cert, NULL) != 1 || *key == NULL ||
		*cert == NULL)) {
		EVP_PKEY_free(*key);
		X509_free(*cert);
		*key = NULL;
		*cert = NULL;
		rc = gh_refuse(err, GH_E_CONF,
		    "%.150s does not open with this password, or holds no key with its certificate: "
		    "the file is kept, and not in use",
		    p->file);
	}
	PKCS12_free(p12);
	ERR_clear_error();
	return rc;
}
