/* Whose a secret is. See rest_owner.h. */
#include <string.h>
#include <strings.h>

#include "kra/key_people.h"

#include "entry_name.h"
#include "rest_kra.h"
#include "rest_owner.h"

/* By his whole name, or by the account alone. */
static bool
names_himself(const struct requester *who, const char *name)
{
	const char *account = strchr(who->name, '\\');

	return strcasecmp(name, who->name) == 0 ||
	    (account != NULL && strcasecmp(name, account + 1) == 0);
}

static int
find(struct worker_env *env, const struct rest_owner *o, struct rest_fields *f,
    struct requester *person, struct gh_error *err)
{
	struct dir_entry *e = NULL;
	int rc = dir_find(env->dir, o->name, &e, err);

	if (rc == GH_E_NOT_IN_DIRECTORY) {
		rest_field_wrong(f, o->member,
		    "There is no such person in the directory, or not exactly one.");
		return rest_fields_check(f, err);
	}
	if (rc != 0)
		return rc;
	if (!entry_requester(env->conf, e, o->name, person))
		rc = gh_fail(err, GH_E_VALIDATION, "name of the entry is too long");
	dir_entry_free(e);
	return rc;
}

int
rest_owner_find(struct worker_env *env, const struct call *call, const struct rest_owner *o,
    struct rest_fields *f, struct requester *person, const struct requester **owner,
    struct gh_error *err)
{
	const struct requester *who = call->requester;
	struct kra_means means = kra_env_means(env);
	int rc;

	*owner = NULL;
	if (o->name == NULL || names_himself(who, o->name))
		return 0;
	/* before the directory is asked: who is there is not for everybody to try out */
	if ((who->roles & REQUESTER_ROLE_AGENT) == 0)
		rc = gh_refuse(err, GH_E_FORBIDDEN, "Only a key recovery agent %s.", o->what_only);
	else
		rc = find(env, o, f, person, err);
	if (rc == 0)
		*owner = person;
	else
		key_people_note_refusal(&means, who, o->event, o->name, call->http->request_id,
		    err);
	return rc;
}
