/* The loop that sends. See deliver.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "store/catalog/webhook_row.h"
#include "store/status/delivery.h"
#include "timestamp.h"

#include "deliver.h"
#include "deliver_private.h"
#include "outbox.h"

#define RUN_SECONDS 60    /* of each channel */
#define LEASE_EXTRA 60    /* seconds beyond what an attempt may take */
#define HOLD_MAX 300      /* seconds that the others wait when one has found its server down */
#define CROWDED_DELAY 600 /* seconds that an address waits which got too many */

/* Seconds from an attempt to the next one. */
static int
delay_after(const struct gh_conf *conf, int attempts)
{
	int delay = conf->notify.retry_first;

	while (--attempts > 0 && delay < conf->notify.retry_max)
		delay *= 2;
	return delay < conf->notify.retry_max ? delay : conf->notify.retry_max;
}

static bool
is_over(const struct deliver_run *r)
{
	return gh_now_us() >= r->until_us || gh_progress_is_stopping(r->progress);
}

/* --- what becomes of it ----------------------------------------------------------------------- */

static int
hold(struct deliver_run *r, const char *channel, const char *address,
    const struct delivery_failure *f, struct gh_error *err)
{
	int n = 1, rc = 0;

	while (rc == 0 && n > 0)
		rc = store_hold_deliveries(r->env->store, channel, address, f, &n, err);
	return rc;
}

static void
log_failure(const struct deliver_channel *c, const struct delivery *d, const char *why,
    bool is_dead)
{
	gh_log_kv(GH_LOG_WARN, is_dead ? "a message is given up" : "a message waits", "channel",
	    c->name, "address", d->address, "delivery", d->uuid, "cause", why, NULL);
}

static int
mark_failed(struct deliver_run *r, const struct deliver_channel *c, const struct delivery *d,
    enum notify_verdict verdict, const char *why, struct gh_error *err)
{
	const struct gh_conf *conf = r->env->conf;
	struct delivery_failure f = {.why = why,
	    .delay = delay_after(conf, d->attempts),
	    .days = conf->notify.retry_days,
	    .is_final = verdict == NOTIFY_REFUSED};
	bool dead;
	int rc = store_delivery_failed(r->env->store, d, &f, &dead, err);

	snprintf(r->counts->trouble, sizeof(r->counts->trouble), "%.199s", why);
	if (rc != 0)
		return rc;
	log_failure(c, d, why, dead);
	*(dead ? &r->counts->dead : &r->counts->later) += 1;
	if (verdict != NOTIFY_DOWN)
		return 0;
	f.delay = f.delay < HOLD_MAX ? f.delay : HOLD_MAX;
	return hold(r, c->name, c->is_one_server ? NULL : d->address, &f, err);
}

static int
mark(struct deliver_run *r, const struct deliver_channel *c, const struct delivery *d,
    enum notify_verdict verdict, const char *why, struct gh_error *err)
{
	switch (verdict) {
	case NOTIFY_SENT:
		r->counts->sent++;
		gh_log_kv(GH_LOG_INFO, "a message was sent", "channel", c->name, "address",
		    d->address, "delivery", d->uuid, NULL);
		return store_delivery_sent(r->env->store, d, err);
	case NOTIFY_STOPPED:
		return store_delay_delivery(r->env->store, d, 0, NULL, err);
	default:
		return mark_failed(r, c, d, verdict, why, err);
	}
}

/* --- the loop --------------------------------------------------------------------------------- */

/* Nobody's mailbox is flooded: what is more waits, all that is due there at once. */
static int
put_off(struct deliver_run *r, const struct deliver_channel *c, const struct delivery *d,
    struct gh_error *err)
{
	struct delivery_failure f =
	    {.why = "more than notify.messages_per_hour to this address: it waits",
		.delay = CROWDED_DELAY};
	int rc = store_delay_delivery(r->env->store, d, CROWDED_DELAY, f.why, err);

	r->counts->later++;
	return rc == 0 ? hold(r, c->name, d->address, &f, err) : rc;
}

static int
send_one(struct deliver_run *r, const struct deliver_channel *c, const struct delivery *d,
    bool *is_down, struct gh_error *err)
{
	int limit = c->is_bounded ? r->env->conf->notify.messages_per_hour : 0;
	enum notify_verdict verdict = NOTIFY_DOWN;
	char why[NOTIFY_WHY_SIZE] = "";
	struct notification n;
	int rc;

	if (limit > 0 && d->recent >= limit)
		return put_off(r, c, d, err);
	if ((rc = store_get_notification(r->env->store, d->notification_id, &n, err)) != 0)
		return rc == GH_E_NOT_FOUND ? 0 : rc; /* removed meanwhile, with the delivery */
	rc = c->send(r, d, &n, &verdict, why, err);
	notification_clear(&n);
	if (rc != 0)
		return rc;
	*is_down = (verdict == NOTIFY_DOWN && c->is_one_server) || verdict == NOTIFY_STOPPED;
	return mark(r, c, d, verdict, why, err);
}

static int
send_channel(struct deliver_run *r, const struct deliver_channel *c, struct gh_error *err)
{
	int lease = r->env->conf->notify.timeout + LEASE_EXTRA, rc = 0;
	bool found = true, is_down = false;
	struct delivery d;

	while (rc == 0 && found && !is_down && !is_over(r)) {
		rc = store_claim_delivery(r->env->store, c->name, lease, &d, &found, err);
		if (rc == 0 && found)
			rc = send_one(r, c, &d, &is_down, err);
		delivery_clear(&d);
	}
	return rc;
}

/* Neither a long queue nor an error of one channel is a matter of the other. */
static int
send_all(struct deliver_run *r, struct gh_error *err)
{
	static const struct deliver_channel channels[] = {
	    {DELIVERY_MAIL, true, true, deliver_mail},
	    {DELIVERY_WEBHOOK, false, false, deliver_webhook},
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
		struct gh_error own = {0};
		int its;

		r->until_us = gh_now_us() + RUN_SECONDS * 1000000LL;
		its = send_channel(r, &channels[i], &own);
		if (rc == 0 && (rc = its) != 0 && err != NULL)
			*err = own;
	}
	return rc;
}

/* Webhooks that cannot be believed are not called, and hold up no mail. */
static int
load_webhooks(struct deliver_run *r, struct gh_error *err)
{
	int rc = store_load_webhooks(r->env->store, &r->webhooks, &r->has_damage, err);

	if (rc != GH_E_SEAL)
		return rc;
	gh_log_kv(GH_LOG_ERROR, "no webhook is called", "cause", err->detail, NULL);
	r->has_damage = true;
	r->webhooks = gh_json_new_array();
	return r->webhooks != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "webhooks");
}

int
deliver_run(const struct worker_env *env, const struct gh_progress *progress,
    struct deliver_counts *counts, struct gh_error *err)
{
	struct deliver_run r = {.env = env, .progress = progress, .counts = counts};
	struct gh_error own;
	int rc = load_webhooks(&r, err != NULL ? err : &own);

	memset(counts, 0, sizeof(*counts));
	if (rc != 0)
		return rc;
	if (*env->conf->notify.smtp_url != '\0' || gh_json_size(r.webhooks) > 0)
		rc = outbox_queue(env, r.webhooks, progress, &counts->queued, err);
	if (rc == 0)
		rc = send_all(&r, err);
	smtp_close(r.smtp);
	webhook_close(r.client);
	gh_json_free(r.webhooks);
	return rc;
}
