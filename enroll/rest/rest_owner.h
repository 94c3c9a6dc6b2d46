/* Whose a secret is: a name in a body becomes somebody of the directory. */
#ifndef ENROLL_REST_OWNER_H
#define ENROLL_REST_OWNER_H

#include "rest.h"

struct rest_owner {
	const char *member;    /* of the body */
	const char *name;      /* its value; NULL: who asks */
	const char *what_only; /* an agent does: "archives for somebody else" */
	const char *event;     /* of the audit row of a refusal */
};
/* *owner: person, filled; NULL: who asks himself. GH_E_FORBIDDEN (public): another's name, and who
 * asks is no agent; GH_E_VALIDATION: there is nobody of that name; GH_E_DIR_DOWN; GH_E_BUSY: the
 * directory would have to be asked (dir_set_waiting). What is refused has an audit row. */
int rest_owner_find(struct worker_env *env, const struct call *call, const struct rest_owner *o,
    struct rest_fields *f, struct requester *person, const struct requester **owner,
    struct gh_error *err) GH_MUSTCHECK;

#endif
