/* Requests of RFC 4211: what is parsed is DER, is read again from what is recorded, and asks for
 * what its own key signed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/crmf.h"

static bool
is_inside(const struct gh_der *part, const struct ca_pkcs10 *csr)
{
	return part->len == 0 ||
	    (part->p >= csr->der && part->p + part->len <= csr->der + csr->der_len);
}

static void
check_recorded(const struct ca_pkcs10 *csr)
{
	struct ca_pkcs10 *again;

	if (!gh_der_is_strict(csr->der, csr->der_len) || !is_inside(&csr->cert_request, csr) ||
	    !is_inside(&csr->archive_options, csr) || csr->cert_request.len == 0)
		abort();
	if (ca_request_parse(csr->der, csr->der_len, &again, NULL) != 0)
		abort();
	if (again->der_len != csr->der_len || memcmp(again->der, csr->der, csr->der_len) != 0 ||
	    again->archive_options.len != csr->archive_options.len)
		abort();
	ca_pkcs10_free(again);
}

/* Without the key it asks for the same, and only what was recorded is taken so. */
static void
check_keyless(const struct ca_pkcs10 *csr)
{
	struct ca_pkcs10 *keyless, *again;

	if (ca_crmf_without_key(csr, &keyless, NULL) != 0)
		abort();
	if (!keyless->is_verified || keyless->archive_options.len != 0 ||
	    keyless->spki_len != csr->spki_len ||
	    memcmp(keyless->spki, csr->spki, csr->spki_len) != 0)
		abort();
	if (ca_crmf_parse(keyless->der, keyless->der_len, &again, NULL) == 0)
		abort();
	ca_pkcs10_free(keyless);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ca_pkcs10 *csr = (struct ca_pkcs10 *)1;
	struct gh_error err = {0};
	int rc = ca_crmf_parse(data, size, &csr, &err);

	if (rc != 0) {
		if (csr != NULL || err.code != rc || (rc != GH_E_CSR && rc != GH_E_CSR_SIGNATURE))
			abort();
		return 0;
	}
	check_recorded(csr);
	check_keyless(csr);
	rc = ca_pkcs10_check(csr, &err);
	if (rc != 0 && rc != GH_E_CSR && rc != GH_E_CSR_WEAK && rc != GH_E_CSR_SIGNATURE)
		abort();
	ca_pkcs10_free(csr);
	return 0;
}
