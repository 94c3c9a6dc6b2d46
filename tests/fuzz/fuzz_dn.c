/* Distinguished names as directories write them: what parses is encoded, and the encoding can be
 * read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define CHECK(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	X509_NAME *name = X509_NAME_new(), *again;
	unsigned char *der = NULL;
	const unsigned char *p;
	struct tmpl_dn *dn;
	char *text, *domain;
	int n;

	CHECK(name != NULL && (text = strndup((const char *)data, size)) != NULL);
	if (tmpl_dn_parse(text, &dn, NULL) == 0) {
		(void)tmpl_dn_common_name(dn);
		domain = tmpl_dn_domain(dn);
		free(domain);
		if (tmpl_dn_to_name(dn, name, NULL) == 0) {
			CHECK((n = i2d_X509_NAME(name, &der)) > 0);
			p = der;
			CHECK((again = d2i_X509_NAME(NULL, &p, n)) != NULL && p == der + n);
			CHECK(X509_NAME_cmp(name, again) == 0);
			X509_NAME_free(again);
			OPENSSL_free(der);
		}
		tmpl_dn_free(dn);
	}
	free(text);
	X509_NAME_free(name);
	return 0;
}
