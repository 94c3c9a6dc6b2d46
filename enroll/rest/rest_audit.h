/* The audit trail over HTTP, for auditors. */
#ifndef AUDIT_REST_H
#define AUDIT_REST_H

#include "call.h"

/* GET /pki/audit?after=ID&limit=N&order=oldest|newest&event=&actor=&outcome=
 * {"entries":[...],"next":ID or null}. 422 names the wrong parameters. Access is the route's. */
void audit_rest_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
