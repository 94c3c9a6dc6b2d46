/* POST /.well-known/est/[LABEL/]serverkeygen (RFC 7030, 4.4). */
#ifndef ENROLL_EST_SERVERKEYGEN_H
#define ENROLL_EST_SERVERKEYGEN_H

#include "call.h"

/*
 * The KRA makes a key of the kind that the template of the label prefers, and it is certified for
 * the names of the request, whose own key and signature are not looked at. 200 with both parts; the
 * key is archived where the template says so. It is answered at once or not at all.
 */
void est_serverkeygen(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* The same for several; those leave that would wait for the directory. */
void est_serverkeygen_batch(struct worker_env *env, struct call_item *items, size_t n);

#endif
