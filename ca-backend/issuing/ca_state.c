/* States of a CA and what guards its key, by the names that the database has; what its policy says
 * to the gateway. */
#include <string.h>

#include "ca.h"
#include "calendar.h"

static const char *const state_names[] = {[CA_PENDING] = "pending",
    [CA_ACTIVE] = "active",
    [CA_DISABLED] = "disabled",
    [CA_SUPERSEDED] = "superseded",
    [CA_RETIRED] = "retired"};
static const char *const protection_names[] = {[CA_KEY_SYSTEM] = "system",
    [CA_KEY_PASSWORD] = "password",
    [CA_KEY_PKCS11] = "pkcs11",
    [CA_KEY_NONE] = "none"};

static bool
find_name(const char *const *names, size_t n, const char *name, size_t *out)
{
	for (*out = 0; name != NULL && *out < n; ++*out) {
		if (strcmp(names[*out], name) == 0)
			return true;
	}
	return false;
}

const char *
ca_state_name(enum ca_state state)
{
	return state_names[state];
}

bool
ca_state_parse(const char *name, enum ca_state *out)
{
	size_t i;
	bool found = find_name(state_names, sizeof(state_names) / sizeof(*state_names), name, &i);

	*out = found ? (enum ca_state)i : CA_RETIRED;
	return found;
}

const char *
ca_protection_name(enum ca_protection p)
{
	return protection_names[p];
}

bool
ca_protection_parse(const char *name, enum ca_protection *out)
{
	size_t i, n = sizeof(protection_names) / sizeof(*protection_names);
	bool found = find_name(protection_names, n, name, &i);

	*out = found ? (enum ca_protection)i : CA_KEY_NONE;
	return found;
}

bool
ca_may_issue(const struct ca *ca)
{
	return ca->state == CA_ACTIVE && ca->sealed != NULL;
}

bool
ca_needs_approval(const struct ca *ca)
{
	return gh_json_bool(gh_json_get(ca->policy, "approval_required"), false);
}

int64_t
ca_max_validity(const struct ca *ca)
{
	int64_t days = 0;

	if (!gh_json_int(gh_json_get(ca->policy, "max_validity_days"), &days) || days < 0)
		return 0;
	return days * GH_DAY_SECONDS;
}
