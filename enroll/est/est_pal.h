/* GET /.well-known/est/[LABEL/]pal and pal/{page}: what there is for the caller (RFC 8295, 2), as
 * XML or JSON. docs/est-packages.md */
#ifndef ENROLL_EST_PAL_H
#define ENROLL_EST_PAL_H

#include "call.h"

void est_pal(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
