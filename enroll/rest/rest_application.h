/* API applications over REST, for administrators: what `gatehouse app` does, by the same code. Key
 * and secret are answered once, when they are made, and never again. docs/certenroll.md */
#ifndef ENROLL_REST_APPLICATION_H
#define ENROLL_REST_APPLICATION_H

#include "call.h"

/* POST /pki/applications: {"name","templates":[],"ca","groups":[],"signature_required","min_hash"}.
 * 201 with key and secret. */
void rest_application_create(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* POST /pki/applications/{profile}/rotate: {"new_key"}. 200 with the secret, and the key; 403
 * where it has a service identity. */
void rest_application_rotate(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* PUT /pki/applications/{profile}/status: {"enabled"} */
void rest_application_enable(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

#endif
