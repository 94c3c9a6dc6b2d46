/* Which application a call of the REST API goes by: door.h, with rest.application. */
#ifndef ENROLL_REST_DOOR_H
#define ENROLL_REST_DOOR_H

#include "call.h"
#include "catalog/app.h"

/* As door_find. */
int rest_door(const struct worker_env *env, const struct call *call, const struct app **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
