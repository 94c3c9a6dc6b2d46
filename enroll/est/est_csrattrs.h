/* GET /.well-known/est/[LABEL/]csrattrs (RFC 7030, 4.5; RFC 8951, 4; RFC 9908). */
#ifndef ENROLL_EST_CSRATTRS_H
#define ENROLL_EST_CSRATTRS_H

#include "call.h"

/*
 * What the template of the label wants: the first of its kinds of keys, the hash, and as a template
 * of RFC 9908 the types of names that a request must have. 204 where the label says that it tells
 * nothing.
 */
void est_csrattrs(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
