/* POST /.well-known/est/[LABEL/]fullcmc (RFC 7030, 4.3): the transport of Full CMC, no more. */
#ifndef ENROLL_EST_FULLCMC_H
#define ENROLL_EST_FULLCMC_H

#include "call.h"

#define EST_CMC_TYPE "application/pkcs7-mime"

void est_fullcmc(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
