/* What an entry makes of a requester: who he is, his roles. */
#include <stdio.h>
#include <string.h>

#include "entry_name.h"
#include "entry_roles.h"

#include "auth_entry.h"

void
auth_entry_drop_groups(struct requester *who)
{
	who->roles = 0;
	who->has_groups = false;
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
	out->requester.roles = entry_roles(env->conf, e);
	out->requester.has_groups = true;
	out->entry = e;
	return 0;
}
