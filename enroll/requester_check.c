/* What certificates go back to. See requester_check.h. */
#include "catalog/catalog.h"
#include "timestamp.h"

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

static int
check_device(const struct worker_env *env, int64_t id, struct gh_error *err)
{
	const struct listed_device *d = listed_devices_find_id(&env->catalog->est_devices, id);

	if (d != NULL && d->is_enabled && (d->expires == 0 || d->expires > gh_now()))
		return 0;
	return gh_refuse(err, GH_E_FORBIDDEN, "The device %s.",
	    d == NULL            ? "is not listed any more"
		: !d->is_enabled ? "is disabled"
				 : "is listed for a time that is over");
}

int
requester_check(const struct worker_env *env, const struct requester *who, struct gh_error *err)
{
	int rc = who->est_user != 0 ? check_user(env, who->est_user, err) : 0;

	return rc == 0 && who->device != 0 ? check_device(env, who->device, err) : rc;
}
