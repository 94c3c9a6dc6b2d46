/* The loop that sends. See deliver.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "store/status/delivery.h"
#include "store/status/notification.h"
#include "timestamp.h"

#include "deliver.h"
#include "mail.h"
#include "mime.h"
#include "outbox.h"
#include "smtp.h"

#define RUN_SECONDS 60
#define LEASE_EXTRA 60    /* seconds beyond what an attempt may take */
#define HOLD_MAX 300      /* seconds that the others wait when one has found its server down */
#define CROWDED_DELAY 600 /* seconds that an address waits which got too many */

struct run {
	const struct worker_env *env;
	const struct gh_progress *progress;
	int64_t until_us;
	struct smtp *smtp; /* NULL: not opened yet */
	struct deliver_counts *counts;
};

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
is_over(const struct run *r)
{
	return gh_now_us() >= r->until_us || gh_progress_is_stopping(r->progress);
}

/* --- mail ------------------------------------------------------------------------------------- */

static int
build_mail(const struct run *r, const struct delivery *d, const struct notification *n,
    struct gh_buf *out, struct gh_error *err)
{
	const struct gh_conf *conf = r->env->conf;
	const struct recipient to = {d->address, d->name, d->language};
	struct notify_mail words;
	int rc = notify_compose(r->env, n, &to, &words, err);

	if (rc != 0)
		return rc;
	rc = mime_build(&(struct mime_mail){.id = d->uuid,
			    .from = conf->notify.from,
			    .from_name = conf->notify.from_name,
			    .to = d->address,
			    .to_name = d->name,
			    .subject = words.subject,
			    .text = words.text,
			    .html = words.html,
			    .date = gh_now()},
	    out, err);
	notify_mail_clear(&words);
	return rc;
}

/* What is wrong with this mail alone is a verdict; what is wrong with us, an error. */
static int
send_mail(struct run *r, const struct delivery *d, const struct notification *n,
    enum notify_verdict *verdict, char why[NOTIFY_WHY_SIZE], struct gh_error *err)
{
	struct gh_buf mail;
	char *to = NULL;
	int rc = 0;

	gh_buf_init(&mail, MIME_MAX);
	if (r->smtp == NULL)
		rc = smtp_open(r->env->conf, r->progress, &r->smtp, err);
	if (rc == 0 && (rc = build_mail(r, d, n, &mail, err)) == 0)
		rc = mime_ascii_address(d->address, &to, err);
	if (rc == 0) {
		*verdict = smtp_send(r->smtp, to, &mail, why);
	} else if (rc == GH_E_VALIDATION) {
		*verdict = NOTIFY_REFUSED;
		snprintf(why, NOTIFY_WHY_SIZE, "%.*s", NOTIFY_WHY_SIZE - 1, err->detail);
		rc = 0;
	}
	free(to);
	gh_buf_free(&mail);
	return rc;
}

/* --- what becomes of it ----------------------------------------------------------------------- */

/* A channel: which of its messages share a fate, and how one is sent. */
struct channel {
	const char *name;
	bool is_one_server; /* what is down is down for all of them, not for one address */
	bool is_bounded;    /* by notify.messages_per_hour */
	int (*send)(struct run *r, const struct delivery *d, const struct notification *n,
	    enum notify_verdict *verdict, char why[NOTIFY_WHY_SIZE], struct gh_error *err);
};

static int
hold(struct run *r, const char *channel, const char *address, const struct delivery_failure *f,
    struct gh_error *err)
{
	int n = 1, rc = 0;

	while (rc == 0 && n > 0)
		rc = store_hold_deliveries(r->env->store, channel, address, f, &n, err);
	return rc;
}

static void
log_failure(const struct channel *c, const struct delivery *d, const char *why, bool is_dead)
{
	gh_log_kv(GH_LOG_WARN, is_dead ? "a message is given up" : "a message waits", "channel",
	    c->name, "address", d->address, "delivery", d->uuid, "cause", why, NULL);
}

static int
mark_failed(struct run *r, const struct channel *c, const struct delivery *d,
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
mark(struct run *r, const struct channel *c, const struct delivery *d, enum notify_verdict verdict,
    const char *why, struct gh_error *err)
{
	switch (verdict) {
	case NOTIFY_SENT:
		r->counts->sent++;
		gh_log_kv(GH_LOG_INFO, "a message was sent", "channel", c->name, "address",
		    d->address, "delivery", d->uuid, NULL);
		return store_delivery_sent(r->env->store, d, err);
	case NOTIFY_STOPPED:
		return store_delay_delivery(r->env->store, d, 0, err);
	default:
		return mark_failed(r, c, d, verdict, why, err);
	}
}

/* --- the loop --------------------------------------------------------------------------------- */

/* Nobody's mailbox is flooded: what is more waits, all that is due there at once. */
static int
put_off(struct run *r, const struct channel *c, const struct delivery *d, struct gh_error *err)
{
	struct delivery_failure f =
	    {.why = "more than notify.messages_per_hour to this address: it waits",
		.delay = CROWDED_DELAY};
	int rc = store_delay_delivery(r->env->store, d, CROWDED_DELAY, err);

	r->counts->later++;
	return rc == 0 ? hold(r, c->name, d->address, &f, err) : rc;
}

static int
send_one(struct run *r, const struct channel *c, const struct delivery *d, bool *is_down,
    struct gh_error *err)
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
send_channel(struct run *r, const struct channel *c, struct gh_error *err)
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

int
deliver_run(const struct worker_env *env, const struct gh_progress *progress,
    struct deliver_counts *counts, struct gh_error *err)
{
	static const struct channel mail = {DELIVERY_MAIL, true, true, send_mail};
	struct run r = {.env = env,
	    .progress = progress,
	    .until_us = gh_now_us() + RUN_SECONDS * 1000000LL,
	    .counts = counts};
	int rc = 0;

	memset(counts, 0, sizeof(*counts));
	if (*env->conf->notify.smtp_url == '\0')
		return 0;
	rc = outbox_queue(env, progress, &counts->queued, err);
	if (rc == 0)
		rc = send_channel(&r, &mail, err);
	smtp_close(r.smtp);
	return rc;
}
