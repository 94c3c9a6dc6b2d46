/* /pki/certificate: certificates and their status over REST. docs/revocation.md */
#ifndef ENROLL_REST_CERTIFICATE_H
#define ENROLL_REST_CERTIFICATE_H

#include "call.h"

/* Each by {id} of the path, or by ?serial=&issuer= or ?thumbprint= when there is none. */
void rest_certificate(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void rest_certificate_status(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* PUT {"status","reason","invalidity_date","comment"} */
void rest_certificate_change(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

#endif
