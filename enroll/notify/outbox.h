/* From what happened to messages: each notification that waits becomes deliveries, once, in one
 * statement, whoever of several nodes is first. */
#ifndef NOTIFY_OUTBOX_H
#define NOTIFY_OUTBOX_H

#include "env.h"
#include "progress.h"

/* webhooks: of store_load_webhooks. *n: how many were looked at, for half a minute at most. Whose
 * people the directory does not tell waits for the next run, without an error, and the others go
 * on. A notification of more than notify.retry_days has failed. GH_E_DB_DOWN, ... */
int outbox_queue(const struct worker_env *env, const gh_json *webhooks,
    const struct gh_progress *progress, int *n, struct gh_error *err) GH_MUSTCHECK;

#endif
