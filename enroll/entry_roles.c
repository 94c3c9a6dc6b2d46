/* Roles by groups of the directory. */
#include <string.h>

#include "requester.h"

#include "entry_roles.h"

/* Is the entry in one of the groups? They are separated by semicolons. */
static bool
is_in_any(const struct dir_entry *e, const char *groups)
{
	char group[GH_CONF_GROUP_MAX + 1];

	while (groups != NULL && *groups != '\0') {
		size_t n;

		groups += strspn(groups, "; ");
		n = strcspn(groups, ";");
		/* longer ones are not configured (base/conf_rules.c) */
		if (n > 0 && n < sizeof(group)) {
			memcpy(group, groups, n);
			group[n] = '\0';
			if (dir_entry_is_member(e, group))
				return true;
		}
		groups += n;
	}
	return false;
}

unsigned
entry_roles(const struct gh_conf *conf, const struct dir_entry *e)
{
	return (is_in_any(e, conf->roles.admin_groups) ? REQUESTER_ROLE_ADMIN : 0) |
	    (is_in_any(e, conf->roles.officer_groups) ? REQUESTER_ROLE_OFFICER : 0) |
	    (is_in_any(e, conf->roles.auditor_groups) ? REQUESTER_ROLE_AUDITOR : 0) |
	    (is_in_any(e, conf->roles.agent_groups) ? REQUESTER_ROLE_AGENT : 0);
}
