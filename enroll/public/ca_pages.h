/*
 * What everybody may know about the CAs: their list, and their certificates as AIA (RFC
 * 5280, 4.2.2.1) names them.
 */
#ifndef ENROLL_CA_PAGES_H
#define ENROLL_CA_PAGES_H

#include "call.h"

/* GET /pki/cas: {"entries":[...]} */
void ca_pages_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /ca/{name}: SLUG.cer (DER), SLUG.pem (the chain), SLUG.p7c (certs-only PKCS#7, RFC 5272, 4.1,
 * with earlier and cross certificates of the CA, too). The name of a CA is accepted in place of its
 * slug. */
void ca_pages_certificate(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

#endif
