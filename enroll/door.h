/*
 * Which application a call goes by that needs none of its own: the one whose key it sent, else that
 * of the configuration. So what may be asked for, and of which CA, is configured in one place, and
 * a request that waits is decided by what it came through.
 */
#ifndef ENROLL_DOOR_H
#define ENROLL_DOOR_H

#include "call.h"
#include "catalog/app.h"

struct door {
	const char *what;   /* "Enrollment over REST": for people */
	const char *option; /* "rest.application" */
	const char *name;   /* its value; "": it is not set */
};

/* Borrowed from the catalog. GH_E_FORBIDDEN: the call sent no key, and the option names no
 * application that is enabled. */
int door_find(const struct worker_env *env, const struct call *call, const struct door *d,
    const struct app **out, struct gh_error *err) GH_MUSTCHECK;

#endif
