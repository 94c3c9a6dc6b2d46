/* Log-in of local administrators. */
#ifndef AUTH_ADMIN_H
#define AUTH_ADMIN_H

#include "auth.h"
#include "auth_basic.h"

/*
 * *known: there is an administrator of this name; out->requester.name is his name as it is stored
 * then, also after a failure. out->requester gets kind and roles. GH_E_AUTH_FAILED: wrong password,
 * or not known (no time was spent); GH_E_ACCOUNT_DISABLED: only told with the right password;
 * GH_E_RATE_LIMITED, GH_E_BUSY, GH_E_DB_DOWN. need: out->mark is made with AUTH_ANEW.
 */
int auth_admin_check(struct worker_env *env, struct auth_limiter *limiter, unsigned need,
    const struct auth_basic *basic, bool *known, struct auth_result *out,
    struct gh_error *err) GH_MUSTCHECK;

/* Spend the time of a check, for a name that no administrator has. GH_E_BUSY as there. */
int auth_admin_pretend(const struct auth_basic *basic, struct gh_error *err) GH_MUSTCHECK;

#endif
