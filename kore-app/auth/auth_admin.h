/* Log-in of local administrators. */
#ifndef AUTH_ADMIN_H
#define AUTH_ADMIN_H

#include "auth_user.h"

/*
 * *known: there is an administrator of the name that Basic gave; out->requester.name is his name as
 * it is stored then, also after a failure. out->requester gets kind and roles. GH_E_AUTH_FAILED:
 * wrong password, or not known (no time was spent); GH_E_ACCOUNT_DISABLED: only told with the right
 * password; GH_E_RATE_LIMITED, GH_E_BUSY, GH_E_DB_DOWN. out->mark is made with AUTH_ANEW.
 */
int auth_admin_check(const struct auth_attempt *a, bool *known, struct gh_error *err) GH_MUSTCHECK;

/* Spend the time of a check, for a name that no administrator has. GH_E_BUSY as there. */
int auth_admin_pretend(const struct auth_basic *basic, struct gh_error *err) GH_MUSTCHECK;

#endif
