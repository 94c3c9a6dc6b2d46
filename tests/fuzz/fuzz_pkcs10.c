/* Certification requests: what is parsed holds what it says, is accepted once more from its own
 * copy, and the check and the armour never fall over. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "formats/pkcs10.h"

static void
try_der(const unsigned char *der, size_t len)
{
	struct ca_pkcs10 *csr = (struct ca_pkcs10 *)1, *again;
	struct gh_error err = {0};
	int rc = ca_pkcs10_parse(der, len, &csr, &err);

	if (rc != 0) {
		if (csr != NULL || err.code != rc)
			abort();
		return;
	}
	if (csr->der_len != len || memcmp(csr->der, der, len) != 0 || csr->key == NULL ||
	    csr->spki_len == 0)
		abort();
	if (ca_pkcs10_parse(csr->der, csr->der_len, &again, NULL) != 0)
		abort();
	ca_pkcs10_free(again);
	rc = ca_pkcs10_check(csr, &err);
	if (rc != 0 && rc != GH_E_CSR && rc != GH_E_CSR_WEAK && rc != GH_E_CSR_SIGNATURE)
		abort();
	ca_pkcs10_free(csr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *der = NULL;
	size_t len = 0;
	char *text;

	try_der(data, size);
	if ((text = malloc(size + 1)) == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (ca_pkcs10_unarmour(text, &der, &len, NULL) == 0)
		try_der(der, len);
	else if (der != NULL)
		abort();
	free(der);
	free(text);
	return 0;
}
