/* The specification of a certificate: memory only. */
#include <stdlib.h>

#include "cert_spec.h"

struct cert_spec *
cert_spec_new(void)
{
	struct cert_spec *spec = calloc(1, sizeof(*spec));

	if (spec == NULL)
		return NULL;
	spec->subject = X509_NAME_new();
	spec->extensions = sk_X509_EXTENSION_new_null();
	if (spec->subject == NULL || spec->extensions == NULL) {
		cert_spec_free(spec);
		return NULL;
	}
	return spec;
}

void
cert_spec_free(struct cert_spec *spec)
{
	if (spec == NULL)
		return;
	X509_NAME_free(spec->subject);
	sk_X509_EXTENSION_pop_free(spec->extensions, X509_EXTENSION_free);
	free(spec->spki);
	free(spec->unruled_names);
	free(spec);
}
