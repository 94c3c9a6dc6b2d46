/* What a client needs before it wraps something for the KRA. docs/pki-rest.md */
#ifndef ENROLL_REST_TRANSPORT_H
#define ENROLL_REST_TRANSPORT_H

#include "call.h"

/* GET /pki/config/kra/cert/transport: by Accept JSON, PEM (all that may be used, the current one
 * first), or DER (the current one) */
void rest_transport(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /pki/info: algorithms, limits */
void rest_info(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
