/* A pending request with all that it is decided by, as it is now. See reopen.h. */
#include <strings.h>

#include "reopen.h"

/* The application or label as it is now: its CA, templates and groups may have changed. */
static int
find_profile(const struct worker_env *env, struct enrollment *e)
{
	e->profile = catalog_find_profile(env->catalog, e->req->requester.app_id, e->req->label);
	if (e->profile == NULL)
		return gh_refuse(&e->err, GH_E_CONFLICT,
		    "The %s of this request is disabled or does not exist any more.",
		    e->req->label != NULL ? "label" : "application");
	return 0;
}

/* Is the entry the one that asked? Without its id, as from before it was recorded, one that moved
 * is another one. */
static bool
is_owner(const struct requester *owner, const struct dir_entry *e)
{
	if (*owner->id != '\0' && *e->id != '\0')
		return strcasecmp(owner->id, e->id) == 0;
	return *owner->dn == '\0' || strcasecmp(owner->dn, e->dn) == 0;
}

/* The name must still mean the entry that asked: an account that took over the name is another
 * person. */
static int
find_owner(struct worker_env *env, const struct requester *owner, struct dir_entry **entry,
    struct gh_error *err)
{
	int rc = dir_find(env->dir, owner->name, entry, err);

	if (rc != 0 || is_owner(owner, *entry))
		return rc;
	dir_entry_free(*entry);
	*entry = NULL;
	return gh_refuse(err, GH_E_CONFLICT,
	    "The requester's directory entry was moved or replaced since "
	    "the request: deny it and let him ask again.");
}

int
enroll_reopen(struct worker_env *env, struct enrollment *e, struct dir_entry **entry)
{
	int rc;

	*entry = NULL;
	if ((rc = find_profile(env, e)) != 0 ||
	    (enrollment_needs_entry(e) &&
		(rc = find_owner(env, &e->req->requester, entry, &e->err)) != 0))
		return rc;
	e->entry = *entry;
	return 0;
}
