/* What the files behind deliver.h share: a run, and how a message is sent on each channel. */
#ifndef NOTIFY_DELIVER_PRIVATE_H
#define NOTIFY_DELIVER_PRIVATE_H

#include "deliver.h"
#include "smtp.h"
#include "store/status/delivery.h"
#include "store/status/notification.h"
#include "webhook.h"

struct deliver_run {
	const struct worker_env *env;
	const struct gh_progress *progress;
	int64_t until_us;
	struct smtp *smtp;             /* NULL: not opened yet */
	struct webhook_client *client; /* the same */
	gh_json *webhooks;             /* of store_load_webhooks */
	bool has_damage;               /* one of them, or all, cannot be believed */
	struct deliver_counts *counts;
};

/* A channel: which of its messages share a fate, and how one is sent. What is wrong with a message
 * or its receiver is a verdict, with why; what is wrong with us, an error. */
struct deliver_channel {
	const char *name;
	bool is_one_server; /* what is down is down for all of them, not for one address */
	bool is_bounded;    /* by notify.messages_per_hour */
	int (*send)(struct deliver_run *r, const struct delivery *d, const struct notification *n,
	    enum notify_verdict *verdict, char why[NOTIFY_WHY_SIZE], struct gh_error *err);
};

int deliver_mail(struct deliver_run *r, const struct delivery *d, const struct notification *n,
    enum notify_verdict *verdict, char why[NOTIFY_WHY_SIZE], struct gh_error *err) GH_MUSTCHECK;
int deliver_webhook(struct deliver_run *r, const struct delivery *d, const struct notification *n,
    enum notify_verdict *verdict, char why[NOTIFY_WHY_SIZE], struct gh_error *err) GH_MUSTCHECK;

#endif
