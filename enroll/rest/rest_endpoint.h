/* GET /pki/endpoints and /pki/endpoint/{id}: where certificates are served. docs/inventory.md */
#ifndef ENROLL_REST_ENDPOINT_H
#define ENROLL_REST_ENDPOINT_H

#include "call.h"

void rest_endpoints(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void rest_endpoint(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
