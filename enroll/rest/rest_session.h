/* Log-ins of browsers over REST, for administrators: what `gatehouse session` does. */
#ifndef ENROLL_REST_SESSION_H
#define ENROLL_REST_SESSION_H

#include "call.h"

/* GET /pki/sessions?user=: those that are open, by pages, without a word the newest first */
void rest_sessions(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* DELETE /pki/sessions?user=: all of a person, by the name that the list has: {"ended"} */
void rest_sessions_end(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* DELETE /pki/sessions/{name}: one, as the list names it. Without a body. */
void rest_session_end(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
