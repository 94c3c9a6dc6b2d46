/* The application of a REST call. See rest_door.h. */
#include "rest_door.h"

int
rest_door(const struct worker_env *env, const struct call *call, const struct app **out,
    struct gh_error *err)
{
	const char *name = env->conf->rest.application;

	*out = call->app;
	if (*out != NULL)
		return 0;
	if (*name == '\0')
		return gh_refuse(err, GH_E_FORBIDDEN,
		    "Enrollment over REST needs an application key here: rest.application is not set.");
	*out = catalog_find_app_name(env->catalog, name);
	if (*out != NULL && (*out)->is_enabled)
		return 0;
	*out = NULL;
	return gh_fail(err, GH_E_FORBIDDEN,
	    "application %s of rest.application is disabled or does not exist", name);
}
