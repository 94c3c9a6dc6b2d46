/*
 * A request that goes through the stages of the pipeline alone, as those of REST and of the CSR
 * form do: what comes before it is decided, and behind.
 */
#ifndef ENROLL_SINGLE_H
#define ENROLL_SINGLE_H

#include "call.h"
#include "decide.h"

/*
 * What was recorded under the mark of e->req comes before all that was decided meanwhile: a retry
 * that took long must not turn a certificate into an error. *found: e->out is it, *ca_id its
 * issuer, and the leaf alone stands in its chain. rc as store_find_replays_collect, with e->err.
 */
int single_find_recorded(struct worker_env *env, struct enrollment *e, bool *found,
    int64_t *ca_id) GH_MUSTCHECK;
/* enroll_decide; where there is a password (else NULL), it is looked at when the caller may ask at
 * all: enroll_approval_password. e->rc, e->err. */
void single_decide(struct worker_env *env, struct enrollment *e, const char *password);
/* Signs what was decided and records it; e->rc and e->err say what came of it. Nobody waits for a
 * certificate any more when the deadline of the call has passed. */
void single_finish(struct worker_env *env, const struct call *call, struct enrollment *e);

/* The error that a recorded denial is. was_recorded: by an earlier call, of which only the HRESULT
 * is known, which several reasons share. */
void single_denial(const struct enrollment *e, bool was_recorded, struct gh_error *err);

/* The reason within the DispositionMessage of a denial. */
const char *single_reason(const char *message);

#endif
