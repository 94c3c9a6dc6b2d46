/*
 * Messages to single addresses, with what becomes of each. A sender takes one with a lease, and
 * holds no transaction while it sends: whoever is killed in between loses the lease, and another
 * one sends it (again). docs/notifications.md
 */
#ifndef STORE_DELIVERY_H
#define STORE_DELIVERY_H

#include "store/store.h"

#define DELIVERY_MAIL "mail"
#define DELIVERY_WEBHOOK "webhook"

struct delivery {
	int64_t id, notification_id;
	char uuid[GH_UUID_TEXT_SIZE]; /* the same with each attempt */
	char *address, *name, *language;
	int attempts; /* with this one */
	int recent;   /* sent to the same address within an hour; 10001 = or more */
};
void delivery_clear(struct delivery *d);

/* rows: [{"channel","address","name","language"}]. In one transaction with the notification, which
 * is queued then; nothing happens when another node was there before. Who is told of the same event
 * by another row of its transaction, in another role, is not told again. */
int store_queue_deliveries(struct store *s, int64_t notification, const gh_json *rows,
    struct gh_error *err) GH_MUSTCHECK;
/* The next one that is due, for lease seconds. *found false: none is. */
int store_claim_delivery(struct store *s, const char *channel, int lease, struct delivery *out,
    bool *found, struct gh_error *err) GH_MUSTCHECK;
int store_delivery_sent(struct store *s, const struct delivery *d,
    struct gh_error *err) GH_MUSTCHECK;

/* After a failure. */
struct delivery_failure {
	const char *why; /* one line */
	int delay;       /* seconds to the next attempt */
	int days;        /* it is dead when it has been tried for so long */
	bool is_final;   /* it is dead at once */
};
/* *dead: it is now. Nothing happens when another one has it meanwhile. */
int store_delivery_failed(struct store *s, const struct delivery *d,
    const struct delivery_failure *f, bool *dead, struct gh_error *err) GH_MUSTCHECK;
/* The same for all others that are due there; address NULL: of the whole channel. They are not
 * counted as tried. At most 1000: *n tells, 0 = no more. days 0: none dies. */
int store_hold_deliveries(struct store *s, const char *channel, const char *address,
    const struct delivery_failure *f, int *n, struct gh_error *err) GH_MUSTCHECK;
/* The attempt did not take place; the next one is due in delay seconds. why: NULL = as before. */
int store_delay_delivery(struct store *s, const struct delivery *d, int delay, const char *why,
    struct gh_error *err) GH_MUSTCHECK;

/* Dead ones are tried again from the beginning: one, or all (id 0); with an audit row by who. *n:
 * how many. GH_E_NOT_FOUND, GH_E_CONFLICT (public): it is not dead; for one only. */
int store_retry_deliveries(struct store *s, const struct requester *who, int64_t id, int *n,
    struct gh_error *err) GH_MUSTCHECK;
/* One as an object, with its notification: all columns. GH_E_NOT_FOUND. */
int store_show_delivery(struct store *s, int64_t id, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;
/* {"waiting","dead","oldest","last_error"}: numbers, age in seconds of the oldest that waits, and
 * why the one that was tried last waits; counted up to 10000. */
int store_delivery_summary(struct store *s, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

#endif
