/* What a CA takes, for whoever makes a CSR for it: GET /csr/ca-template/{caId}. */
#ifndef ENROLL_CA_TEMPLATE_H
#define ENROLL_CA_TEMPLATE_H

#include "call.h"

/* {ca}: name or number. JSON, or with ?format=openssl, or where the client prefers text/plain, a
 * configuration of `openssl req` that makes a fitting CSR. 404, one answer, for a CA that does not
 * exist, is a root, cannot be used now, or is not for the caller; who has a role sees all. */
void ca_template(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
