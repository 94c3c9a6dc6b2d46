/* Local administrators over REST, for administrators: what of `gatehouse user` takes something
 * away. What gives something is done on the machine (store_set_user). */
#ifndef ENROLL_REST_USER_H
#define ENROLL_REST_USER_H

#include "call.h"

/* PUT /pki/users/{profile}/roles: {"roles"}: those that are left */
void rest_user_roles(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
