/*
 * Sending what is due: each delivery is taken with a lease, sent without a transaction, and marked.
 * At least once: who is killed between the other side's "taken" and the mark has sent it, and the
 * next one sends it again, with the same id. docs/notifications.md
 */
#ifndef NOTIFY_DELIVER_H
#define NOTIFY_DELIVER_H

#include "env.h"
#include "progress.h"

struct deliver_counts {
	int queued, sent, later, dead;
	char trouble[200]; /* the last reason of a failure; "" = none */
};

/*
 * Queue what is new, and send what is due, for about a minute at most on each channel: the rest is
 * for the next run. Mail server and receivers that fail are no error, but counted. Without
 * notify.smtp_url and webhooks nothing is done. GH_E_DB_DOWN, ...; GH_E_CONF: what the
 * configuration names cannot be read.
 */
int deliver_run(const struct worker_env *env, const struct gh_progress *progress,
    struct deliver_counts *counts, struct gh_error *err) GH_MUSTCHECK;

#endif
