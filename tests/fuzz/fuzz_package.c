/* Packages of RFC 8295: what is taken is DER, is taken again, and its parts are inside of it. The
 * first byte says which kind. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "package/package_form.h"
#include "package/package_signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct package_form form, again;
	struct gh_error err = {0};
	enum package_kind kind;
	bool is_checked;
	int rc;

	if (size == 0)
		return 0;
	kind = data[0] % PACKAGE_KINDS;
	rc = package_form_read(kind, data + 1, size - 1, &form, &err);
	if (rc != 0) {
		if (err.code != rc || rc != GH_E_BAD_REQUEST)
			abort();
		package_form_clear(&form);
		return 0;
	}
	if (form.reference.p != NULL &&
	    (form.reference.p < form.der.data ||
		form.reference.p + form.reference.len > form.der.data + form.der.len))
		abort();
	if (package_form_read(kind, form.der.data, form.der.len, &again, &err) != 0 ||
	    strcmp(form.media, again.media) != 0 || again.der.len != form.der.len ||
	    again.wants_receipt != form.wants_receipt)
		abort();
	rc = package_signature_check(&form, NULL, &is_checked, &err);
	if ((rc != 0 && rc != GH_E_BAD_REQUEST) || (is_checked && !form.is_signed))
		abort();
	package_form_clear(&again);
	package_form_clear(&form);
	return 0;
}
