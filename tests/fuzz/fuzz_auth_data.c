/* AuthenticatedData of CMS: what is read lies in its DER, and nobody who does not know the password
 * is believed. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/auth_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_inside(const struct gh_der *part, const struct gh_buf *all)
{
	return part->p >= all->data && part->p + part->len <= all->data + all->len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char guess[] = "not the password";
	struct gh_error err = {0};
	struct auth_data a;
	int rc = auth_data_read(data, size, &a, &err);

	if (rc != 0) {
		if (a.der.data != NULL || err.code != rc ||
		    (rc != GH_E_BAD_REQUEST && rc != GH_E_CSR_WEAK))
			abort();
		return 0;
	}
	if (!is_inside(&a.content, &a.der) || !is_inside(&a.attributes, &a.der) ||
	    !is_inside(&a.wrapped, &a.der) || !is_inside(&a.salt, &a.der) ||
	    a.iterations > AUTH_DATA_ITERATIONS_MAX)
		abort();
	a.iterations = 1;
	if (auth_data_verify(&a, &(struct gh_der){guess, sizeof(guess) - 1}, &err) == 0)
		abort();
	auth_data_clear(&a);
	return 0;
}
