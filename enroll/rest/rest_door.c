/* The application of a REST call. See rest_door.h. */
#include "door.h"

#include "rest_door.h"

int
rest_door(const struct worker_env *env, const struct call *call, const struct app **out,
    struct gh_error *err)
{
	const struct door d = {.what = "Enrollment over REST",
	    .option = "rest.application",
	    .name = env->conf->rest.application};

	return door_find(env, call, &d, out, err);
}
