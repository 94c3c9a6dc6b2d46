/* What certificates go back to. See requester_check.h. */
#include "catalog/catalog.h"

#include "requester_check.h"

/* His password may end: it is for the first certificate. */
static int
check_user(const struct worker_env *env, int64_t id, struct gh_error *err)
{
	const struct est_user *u = est_users_find_id(&env->catalog->est_users, id);

	if (u != NULL && u->is_enabled)
		return 0;
	return gh_refuse(err, GH_E_FORBIDDEN, "The EST user that asked for the certificate %s.",
	    u == NULL ? "is gone" : "is disabled");
}

int
requester_check(const struct worker_env *env, const struct requester *who, struct gh_error *err)
{
	return who->est_user != 0 ? check_user(env, who->est_user, err) : 0;
}
