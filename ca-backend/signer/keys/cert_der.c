/* Certificates that come with a call. See cert_der.h. */
#include "cert_der.h"

X509 *
cert_der_read(const struct gh_der *der)
{
	const unsigned char *p = der->p;
	X509 *x = d2i_X509(NULL, &p, (long)der->len);

	if (x != NULL && p != der->p + der->len) {
		X509_free(x);
		x = NULL;
	}
	return x;
}
