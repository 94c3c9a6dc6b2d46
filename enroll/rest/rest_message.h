/* Messages about what happened over REST, for administrators. The list is of rest_stored.h. */
#ifndef ENROLL_REST_MESSAGE_H
#define ENROLL_REST_MESSAGE_H

#include "call.h"

/* POST /pki/messages/{id}/retry: one that was given up is tried again */
void rest_message_retry(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* POST /pki/messages/test: {"to": "caller" or "administrators"}, the caller where nothing is said
 */
void rest_message_test(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
