/* Links to what something is about. See console_object.h. */
#include <string.h>

#include "console_object.h"

static const struct {
	const char *begins, *name;
	bool is_number;
} kinds[] = {
    {"request ", "of_request", true},
    {"certificate ", "of_certificate", true},
    {"CA ", "of_ca", false},
};

int
console_object_put(gh_json *o, const char *object)
{
	for (size_t i = 0; object != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i].begins);
		const char *rest = object + n;

		if (strncmp(object, kinds[i].begins, n) == 0 && *rest != '\0' &&
		    (!kinds[i].is_number || rest[strspn(rest, "0123456789")] == '\0'))
			return gh_json_set_string(o, kinds[i].name, rest);
	}
	return 0;
}
