/* /pki/requests and /pki/request/{id}: requests, and decisions on them. docs/pki-rest.md */
#ifndef ENROLL_REST_REQUEST_H
#define ENROLL_REST_REQUEST_H

#include "call.h"

void rest_request_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void rest_request(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void rest_request_state(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* PUT {"status":"approved"|"rejected"|"canceled","comment"} */
void rest_request_decide(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

#endif
