/* POST /.well-known/est/[LABEL/]simpleenroll (RFC 7030, 4.2). */
#ifndef ENROLL_EST_ENROLL_H
#define ENROLL_EST_ENROLL_H

#include "call.h"

#define EST_PKCS10_TYPE "application/pkcs10"

/* A PKCS#10 goes through the pipeline with the template of the label. 200 with the certificate and
 * no other; 202 while it waits for an officer: the client sends it again (est_poll.h). */
void est_simpleenroll(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
