/* Definitions of metadata fields over REST (docs/metadata.md): the same as `gatehouse metadata`. */
#ifndef ENROLL_REST_METADATA_FIELD_H
#define ENROLL_REST_METADATA_FIELD_H

#include "call.h"

/* GET /pki/metadata: all, by display order. */
void rest_metadata_fields(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* GET /pki/metadata/{name} */
void rest_metadata_field(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* PUT /pki/metadata/{name}: defines it or replaces it. 201, 200. */
void rest_metadata_field_put(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* DELETE /pki/metadata/{name}: 204. */
void rest_metadata_field_remove(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

#endif
