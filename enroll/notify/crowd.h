/*
 * Many requests of one requester. Officers, and groups that a template names, hear of the first
 * notify.requester_per_hour requests of each hour one by one; the mail of the next one says that
 * there are more; and those behind it have no mail of their own. So nobody fills a mailbox, and the
 * hour of notify.messages_per_hour, at the cost of others' events. docs/notifications.md
 */
#ifndef NOTIFY_CROWD_H
#define NOTIFY_CROWD_H

#include "env.h"
#include "store/status/notification.h"

enum crowd_place {
	CROWD_ALONE,  /* told by itself */
	CROWD_LAST,   /* told, with the word that there are more */
	CROWD_BEHIND, /* told by the one before */
};

/* By order of the requests: each node says the same. */
int crowd_find(const struct worker_env *env, const struct notification *n, enum crowd_place *place,
    struct gh_error *err) GH_MUSTCHECK;

#endif
