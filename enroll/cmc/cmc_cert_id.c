/* Issuer and serial number. See cmc_act.h. */
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "formats/names_text.h"
#include "hex.h"

#include "cmc_act.h"

bool
cmc_cert_id_read(const struct gh_der *name, const struct gh_der *serial, struct cmc_cert_id *out)
{
	const unsigned char *p = name->p;
	X509_NAME *n = d2i_X509_NAME(NULL, &p, (long)name->len);

	*out = (struct cmc_cert_id){NULL, NULL};
	if (n != NULL && p == name->p + name->len && serial->len > 0 && serial->len <= 21) {
		out->issuer = ca_dn_text(n);
		out->serial = gh_hex_encode(serial->p, serial->len);
	}
	X509_NAME_free(n);
	ERR_clear_error();
	if (out->issuer != NULL && out->serial != NULL)
		return true;
	cmc_cert_id_clear(out);
	return false;
}

void
cmc_cert_id_clear(struct cmc_cert_id *id)
{
	free(id->issuer);
	free(id->serial);
	*id = (struct cmc_cert_id){NULL, NULL};
}
