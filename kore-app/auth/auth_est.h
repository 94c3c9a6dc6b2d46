/* Who calls an operation of EST: the part of auth_est_check behind the rate limit. Used by auth.c
 * only. */
#ifndef AUTH_EST_H
#define AUTH_EST_H

#include "catalog/est_label.h"

#include "auth_user.h"

/* As auth_user_check, by the mode of the label. */
int auth_est_user(const struct auth_attempt *a, const struct est_label *label,
    struct gh_error *err) GH_MUSTCHECK;

#endif
