/* The audit trail over HTTP, for auditors. */
#ifndef AUDIT_REST_H
#define AUDIT_REST_H

#include "call.h"

/* GET /pki/audit?after=ID&limit=N&order=oldest|newest&event=&actor=&outcome=
 * {"entries":[...],"next":ID or null}. 422 names the wrong parameters. Access is the route's. */
void audit_rest_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* GET /pki/audit/verify: the verification under way and the last one that has ended,
 * {"running","last"} (store/audit/audit_check_row.h). */
void audit_rest_checks(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* POST /pki/audit/verify: a gateway begins one within about a second; 202. While one is under way,
 * it is that one. */
void audit_rest_verify(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
