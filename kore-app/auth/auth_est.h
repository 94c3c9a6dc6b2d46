/* Who calls an operation of EST: the part of auth_est_check behind the rate limit. Used by auth.c
 * only. */
#ifndef AUTH_EST_H
#define AUTH_EST_H

#include "catalog/est_label.h"

#include "auth_user.h"

/* As auth_user_check, by the mode of the label. */
int auth_est_user(struct worker_env *env, struct auth_limiter *limiter,
    const struct est_label *label, const struct gh_http_request *http,
    const struct auth_given *given, struct auth_result *out, struct auth_guess *guess,
    struct gh_error *err) GH_MUSTCHECK;

#endif
