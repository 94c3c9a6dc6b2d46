/* Metadata of a certificate over REST. docs/metadata.md */
#ifndef ENROLL_REST_CERT_METADATA_H
#define ENROLL_REST_CERT_METADATA_H

#include "call.h"

/* GET /pki/certificate/{id}/metadata: the values, with their ETag. */
void rest_cert_metadata(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* PUT: all of them, under If-Match; with ?merge=yes those that are named. */
void rest_cert_metadata_change(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* GET /pki/certificate/{id}/metadata/history */
void rest_cert_metadata_history(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

#endif
