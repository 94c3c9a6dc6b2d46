/*
 * Which application a call of the REST API goes by: the one whose key it sent, else that of
 * rest.application. So what may be asked for over REST, and by which CA, is configured in one
 * place, and a request that waits is decided by what it came through.
 */
#ifndef ENROLL_REST_DOOR_H
#define ENROLL_REST_DOOR_H

#include "call.h"
#include "catalog/app.h"

/* Borrowed from the catalog. GH_E_FORBIDDEN: the call sent no key, and rest.application names
 * none that is enabled. */
int rest_door(const struct worker_env *env, const struct call *call, const struct app **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
