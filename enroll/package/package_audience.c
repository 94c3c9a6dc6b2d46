/* For whom packages are. See package_audience.h. */
#include <string.h>

#include "utf8.h"

#include "package_audience.h"

#define AUDIENCE_BYTES_MAX 1000

int
package_audience_check(const char *text, struct gh_error *err)
{
	static const char *const kinds[] = {"group:", "user:", "est-user:", "device:"};
	const char *name;

	if (strcmp(text, "all") == 0)
		return 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(text, kinds[i], strlen(kinds[i])) != 0)
			continue;
		name = text + strlen(kinds[i]);
		if (name[0] == '\0' || strlen(text) > AUDIENCE_BYTES_MAX || !gh_utf8_is_clean(name))
			return gh_refuse(err, GH_E_BAD_REQUEST,
			    "for whom: a name has 1 to %d bytes and no control character",
			    AUDIENCE_BYTES_MAX);
		return 0;
	}
	return gh_refuse(err, GH_E_BAD_REQUEST,
	    "for whom: all, group:NAME, user:NAME, est-user:NAME, device:SUBJECT or device:HEX "
	    "(SHA-256 of its public key)");
}
