/*
 * How the house is, as a worker can tell: what `gatehouse status` looks at but for what only
 * somebody at the machine sees. docs/monitoring.md
 *
 * Each part adds to the findings. Of env, conf is set; without a store, a catalog or a signer what
 * needs it finds nothing.
 */
#ifndef HEALTH_HOUSE_H
#define HEALTH_HOUSE_H

#include "env.h"

#include "findings.h"

/* Does it answer? */
bool house_signer(struct findings *f, const struct worker_env *env);
/* CAs: their ends, and whether the signer can use their keys: it is given those that it does not
 * have loaded. */
void house_cas(struct findings *f, const struct worker_env *env);
/* CRLs, OCSP signers, audit trail, requests that wait, certificates that end. */
void house_state(struct findings *f, const struct worker_env *env);
/* Nodes by the job that each of them runs. */
void house_nodes(struct findings *f, const struct worker_env *env);
void house_jobs(struct findings *f, const struct worker_env *env);
/* Messages that wait or were given up. */
void house_deliveries(struct findings *f, const struct worker_env *env);

#endif
