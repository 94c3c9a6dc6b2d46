/* What an EST server wants in a request, as the client reads it: a list of names and texts, or
 * nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "device/est_attrs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct est_attrs attrs;
	struct gh_error err = {0};
	int rc = est_attrs_read(data, size, &attrs, &err);

	if (rc != 0) {
		if (rc != GH_E_BAD_REQUEST || err.code != rc || attrs.list != NULL)
			abort();
		return 0;
	}
	for (size_t i = 0; i < gh_json_size(attrs.list); i++) {
		const gh_json *row = gh_json_at(attrs.list, i);

		if (gh_json_string(gh_json_get(row, "oid")) == NULL ||
		    gh_json_string(gh_json_get(row, "name")) == NULL ||
		    gh_json_type(gh_json_get(row, "values")) != GH_JSON_ARRAY)
			abort();
	}
	est_attrs_clear(&attrs);
	return 0;
}
