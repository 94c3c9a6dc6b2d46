/* Which user calls: the part of auth_check behind the application. Used by auth.c only. */
#ifndef AUTH_USER_H
#define AUTH_USER_H

#include "auth.h"

/*
 * Fill out->requester and out->entry. need: AUTH_* bits of the route; without AUTH_USER and AUTH_ADMIN,
 * credentials that are there are checked and none are demanded. After a failure requester.name is what was
 * claimed, requester.dn the entry that it stands for ("" when there is none), and *is_guess tells whether the
 * attempt counts against that user.
 */
int auth_user_check(struct enroll_env *env, struct auth_limiter *limiter, unsigned need,
    const struct gh_http_request *http, struct auth_result *out, bool *is_guess, struct gh_error *err)
    GH_MUSTCHECK;
/* By what the limiter knows a user: the entry where the name has one, else the name as it was claimed. */
const char *auth_user_limit_key(const struct requester *who, const char *claimed);

#endif
