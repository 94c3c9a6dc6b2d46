/* Local administrators over REST, for administrators: what `gatehouse user` does. */
#ifndef ENROLL_REST_USER_H
#define ENROLL_REST_USER_H

#include "call.h"

/* PUT /pki/users/{profile}/status: {"enabled"}. Nobody disables himself. */
void rest_user_enable(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* POST /pki/messages/{id}/retry: one that was given up is tried again */
void rest_message_retry(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
