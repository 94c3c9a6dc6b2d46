/* See console_ca_key.h. */
#include <string.h>

#include "console_ca_key.h"

static const struct {
	const char *protection, *usable, *not_usable;
} words[] = {
    {"system", "open", "broken"},
    {"password", "unlocked", "locked"},
    {"pkcs11", "token", "away"},
};

const char *
console_ca_key(const gh_json *key)
{
	const char *protection = gh_json_string(gh_json_get(key, "protection"));
	const gh_json *usable = gh_json_get(key, "usable");

	if (protection == NULL)
		return "unknown";
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(protection, words[i].protection) != 0)
			continue;
		if (gh_json_type(usable) == GH_JSON_NULL)
			return "unknown";
		return gh_json_bool(usable, false) ? words[i].usable : words[i].not_usable;
	}
	return "none";
}
