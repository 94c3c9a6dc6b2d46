/* For whom packages are. See package_audience.h. */
#include <string.h>

#include "catalog/est_label.h"
#include "utf8.h"

#include "package_audience.h"

#define AUDIENCE_BYTES_MAX 1000
#define DEVICE "device:"
#define DEVICE_ID_LEN 64 /* SHA-256 in hex */

static bool
starts_with(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool
is_device_id(const char *name)
{
	return strspn(name, "0123456789abcdefABCDEF") == DEVICE_ID_LEN &&
	    name[DEVICE_ID_LEN] == '\0';
}

bool
package_audience_is_unbound(const char *text)
{
	const char *name = text + strlen(DEVICE);
	size_t n;

	if (!starts_with(text, DEVICE) || is_device_id(name))
		return false;
	n = est_label_name_len(name);
	return n == 0 || name[n] != '/';
}

static int
check_device(const char *name, struct gh_error *err)
{
	const char *subject = name + est_label_name_len(name);

	if (is_device_id(name) ||
	    (subject > name && *subject == '/' && strchr(subject, '=') != NULL))
		return 0;
	return gh_refuse(err, GH_E_BAD_REQUEST,
	    "for whom: a device is device:LABEL/SUBJECT, LABEL the label of EST that its "
	    "certificate came by, or device:HEX, 64 digits: two labels may give one subject to "
	    "two devices");
}

int
package_audience_check(const char *text, struct gh_error *err)
{
	static const char *const kinds[] = {"group:", "user:", "est-user:", DEVICE};
	const char *name;

	if (strcmp(text, "all") == 0)
		return 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!starts_with(text, kinds[i]))
			continue;
		name = text + strlen(kinds[i]);
		if (name[0] == '\0' || strlen(text) > AUDIENCE_BYTES_MAX || !gh_utf8_is_clean(name))
			return gh_refuse(err, GH_E_BAD_REQUEST,
			    "for whom: a name has 1 to %d bytes and no control character",
			    AUDIENCE_BYTES_MAX);
		return strcmp(kinds[i], DEVICE) == 0 ? check_device(name, err) : 0;
	}
	return gh_refuse(err, GH_E_BAD_REQUEST,
	    "for whom: all, group:NAME, user:NAME, est-user:NAME, device:LABEL/SUBJECT or device:HEX "
	    "(SHA-256 of its public key)");
}
