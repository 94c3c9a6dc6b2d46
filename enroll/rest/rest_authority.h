/* A CA over REST as those see it who administer: what `gatehouse ca show` tells, by the same code.
 * What anybody may know is GET /pki/cas (public/ca_pages.h). */
#ifndef ENROLL_REST_AUTHORITY_H
#define ENROLL_REST_AUTHORITY_H

#include "call.h"

/* GET /pki/authorities/{name}: one, with its chain, policy and newest CRLs */
void rest_authority(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
