/* Kinds of packages. See package_kind.h. */
#include <string.h>

#include "package_kind.h"

static const struct package_kind_info kinds[PACKAGE_KINDS] = {
    [PACKAGE_EE_CERTIFICATE] = {"ee-certificate", "eecerts", 3, 0, 0},
    [PACKAGE_SYMMETRIC_KEYS] = {"symmetric-keys", "symmetrickeys", 24, 25, 0},
    [PACKAGE_FIRMWARE] = {"firmware", "firmware", 26, 27, 0},
    [PACKAGE_TAMP_STATUS_QUERY] = {"tamp-status-query", "tamp", 28, 29, TAMP_STATUS_QUERY},
    [PACKAGE_TAMP_UPDATE] = {"tamp-update", "tamp", 30, 31, TAMP_UPDATE},
    [PACKAGE_TAMP_APEX_UPDATE] = {"tamp-apex-update", "tamp", 32, 33, TAMP_APEX_UPDATE},
    [PACKAGE_TAMP_COMMUNITY_UPDATE] = {"tamp-community-update", "tamp", 34, 35,
	TAMP_COMMUNITY_UPDATE},
    [PACKAGE_TAMP_SEQUENCE_ADJUST] = {"tamp-sequence-adjust", "tamp", 36, 37, TAMP_SEQUENCE_ADJUST},
};

const struct package_kind_info *
package_kind_info(enum package_kind kind)
{
	return &kinds[kind];
}

bool
package_kind_find(const char *word, enum package_kind *out)
{
	for (int i = 0; i < PACKAGE_KINDS; i++)
		if (strcmp(kinds[i].word, word) == 0) {
			*out = i;
			return true;
		}
	return false;
}
