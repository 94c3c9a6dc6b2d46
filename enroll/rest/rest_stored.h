/* Lists of the store over REST, page by page: {"entries":[...],"next":ID or null}. */
#ifndef ENROLL_REST_STORED_H
#define ENROLL_REST_STORED_H

#include "call.h"

/* GET /pki/authorities: CAs in any state */
void rest_authorities(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /pki/templates: all versions */
void rest_templates(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /pki/applications: without keys and secrets */
void rest_applications(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /pki/labels: of EST */
void rest_labels(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /pki/users: local administrators, without passwords */
void rest_users(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /pki/view-rules: which certificates are shown to which groups */
void rest_view_rules(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /pki/messages?state=: to single addresses, with what became of them */
void rest_messages(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
