/* One-time passwords: each is for one request, on all nodes together. docs/est-auth.md */
#ifndef ENROLL_EST_ONE_TIME_H
#define ENROLL_EST_ONE_TIME_H

#include "decide.h"

/*
 * For a caller with a one-time password: e->req, which has its poll_key, gets the mark of the
 * password in place of any other, and is recorded under it in the transaction that issues. So of
 * two calls one is recorded, and a request that is refused or denied by policy uses up nothing.
 * *found: e->out is what was recorded for the same request before. GH_E_FORBIDDEN (public): the
 * password was used for another one. rc, and e->err; nothing for other callers.
 */
int est_one_time(struct worker_env *env, struct enrollment *e, struct enroll_request *req,
    bool *found) GH_MUSTCHECK;

/* What became of its record: GH_E_FORBIDDEN, where another node was first. */
void est_one_time_settle(struct enrollment *e);

#endif
