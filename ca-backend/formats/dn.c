/* Distinguished names as text, RFC 4514. */
#include "dn_print.h"
#include "names_text.h"

char *
ca_dn_text(const X509_NAME *name)
{
	const unsigned char *der;
	size_t len;

	return X509_NAME_get0_der(name, &der, &len) == 1 ? gh_dn_print(der, len, true) : NULL;
}
