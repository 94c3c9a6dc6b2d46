/* The application of a call. See door.h. */
#include "door.h"

int
door_find(const struct worker_env *env, const struct call *call, const struct door *d,
    const struct app **out, struct gh_error *err)
{
	*out = call->app;
	if (*out != NULL)
		return 0;
	if (*d->name == '\0')
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "%s needs an application key here: %s is not set.", d->what, d->option);
	*out = catalog_find_app_name(env->catalog, d->name);
	if (*out != NULL && (*out)->is_enabled)
		return 0;
	*out = NULL;
	return gh_fail(err, GH_E_FORBIDDEN, "application %s of %s is disabled or does not exist",
	    d->name, d->option);
}
