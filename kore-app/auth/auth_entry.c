/* What an entry makes of a requester: who he is, his roles. */
#include <stdio.h>
#include <string.h>

#include "entry_name.h"

#include "auth_entry.h"

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

static unsigned
roles_of(const struct gh_conf *conf, const struct dir_entry *e)
{
	return (is_in_any(e, conf->roles.admin_groups) ? REQUESTER_ROLE_ADMIN : 0) |
	    (is_in_any(e, conf->roles.officer_groups) ? REQUESTER_ROLE_OFFICER : 0) |
	    (is_in_any(e, conf->roles.auditor_groups) ? REQUESTER_ROLE_AUDITOR : 0) |
	    (is_in_any(e, conf->roles.agent_groups) ? REQUESTER_ROLE_AGENT : 0);
}

int
auth_entry_accept(const struct worker_env *env, struct dir_entry *e, struct auth_result *out,
    struct gh_error *err)
{
	if (strlen(e->dn) >= sizeof(out->requester.dn)) {
		dir_entry_free(e);
		return gh_fail(err, GH_E_AUTH_FAILED, "DN of the entry is too long");
	}
	if (!entry_name(env->conf, e, out->requester.name, sizeof(out->requester.name))) {
		dir_entry_free(e);
		return gh_fail(err, GH_E_AUTH_FAILED, "account name of the entry is too long");
	}
	if (e->is_disabled) {
		dir_entry_free(e);
		return gh_fail(err, GH_E_ACCOUNT_DISABLED, "entry is disabled");
	}
	out->requester.kind = REQUESTER_DIRECTORY;
	strcpy(out->requester.dn, e->dn);
	snprintf(out->requester.id, sizeof(out->requester.id), "%s", e->id);
	out->requester.roles = roles_of(env->conf, e);
	out->entry = e;
	return 0;
}
