/* /api/v1/certificate-authorities/{ca}/password/...: passwords of CA keys. See ca_password.h. */
#ifndef ENROLL_CA_PASSWORD_REST_H
#define ENROLL_CA_PASSWORD_REST_H

#include "authority/ca_password.h"
#include "call.h"
#include "json.h"

void ca_password_rest_set(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void ca_password_rest_remove(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void ca_password_rest_change(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void ca_password_rest_unlock(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void ca_password_rest_lock(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void ca_password_rest_status(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

/* {"ca","requires_private_key_password","is_locked","locked_until","last_accessed_at","access_attempts",
 * "unlocked_until"}, times in ISO 8601 or null. NULL when out of memory. */
gh_json *ca_password_status_json(const struct ca_password_status *s);

#endif
