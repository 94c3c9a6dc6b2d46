/* Notifications into deliveries. See outbox.h. */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "store/status/delivery.h"
#include "store/status/notification.h"
#include "timestamp.h"

#include "crowd.h"
#include "outbox.h"
#include "notify_recipient.h"

#define PAGE 100
#define DAY 86400
#define RUN_SECONDS 30 /* what is queued by then is sent before more is looked up */

static int
append(gh_json *rows, const char *channel, const char *address, const char *name,
    const char *language, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();

	if (gh_json_set_string(row, "channel", channel) == 0 &&
	    gh_json_set_string(row, "address", address) == 0 &&
	    gh_json_set_string(row, "name", name) == 0 &&
	    gh_json_set_string(row, "language", language) == 0)
		return gh_json_append(rows, row) == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "deliveries");
	gh_json_free(row);
	return gh_fail(err, GH_E_NOMEM, "deliveries");
}

static int
add_mails(const struct worker_env *env, const struct notification *n, gh_json *rows,
    struct gh_error *err)
{
	struct recipients people = {0};
	int rc = 0;

	if (*env->conf->notify.smtp_url == '\0')
		return 0;
	rc = notify_recipients(env, n, &people, err);
	for (size_t i = 0; i < people.n && rc == 0; i++)
		rc = append(rows, DELIVERY_MAIL, people.one[i].address, people.one[i].name,
		    people.one[i].language, err);
	recipients_clear(&people);
	return rc;
}

/* Words of events, or their beginnings with a star behind. */
static bool
wants(const gh_json *webhook, const char *event)
{
	const gh_json *events = gh_json_get(webhook, "events");

	for (size_t i = 0; i < gh_json_size(events); i++) {
		const char *word = gh_json_string(gh_json_at(events, i));
		size_t n = word != NULL ? strlen(word) : 0;

		if (n > 0 &&
		    (word[n - 1] == '*' ? strncmp(word, event, n - 1) == 0
					: strcmp(word, event) == 0))
			return true;
	}
	return false;
}

static int
add_webhooks(const gh_json *webhooks, const struct notification *n, gh_json *rows,
    struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < gh_json_size(webhooks) && rc == 0; i++) {
		const gh_json *w = gh_json_at(webhooks, i);
		const char *name = gh_json_string(gh_json_get(w, "name"));

		if (name != NULL && gh_json_bool(gh_json_get(w, "enabled"), false) &&
		    wants(w, n->event))
			rc = append(rows, DELIVERY_WEBHOOK, name, "", "", err);
	}
	return rc;
}

/* The same call may succeed later. */
static bool
may_pass(int rc)
{
	return rc == GH_E_NOMEM || gh_error_info((enum gh_code)rc)->is_retryable;
}

static int
fail(const struct worker_env *env, const struct notification *n, const char *why,
    struct gh_error *err)
{
	gh_log_kv(GH_LOG_WARN, "nobody is told", "event", n->event, "object", n->object, "cause",
	    why, NULL);
	return store_fail_notification(env->store, n->id, why, err);
}

static int
queue(const struct worker_env *env, const gh_json *webhooks, const struct notification *n,
    struct gh_error *err)
{
	gh_json *rows = gh_json_new_array();
	enum crowd_place place = CROWD_ALONE;
	int rc;

	if (rows == NULL)
		return gh_fail(err, GH_E_NOMEM, "deliveries");
	if ((rc = crowd_find(env, n, &place, err)) == 0)
		rc = add_webhooks(webhooks, n, rows, err);
	if (rc == 0 && place != CROWD_BEHIND)
		rc = add_mails(env, n, rows, err);
	if (rc == 0 && place == CROWD_LAST)
		rc = store_mark_notification(env->store, n->id, err);
	if (rc != 0 && !may_pass(rc))
		rc = fail(env, n, err->detail, err);
	else if (rc == 0 && gh_json_size(rows) == 0 && place == CROWD_BEHIND)
		rc = store_fold_notification(env->store, n->id,
		    "a mail tells that this requester makes many requests", err);
	else if (rc == 0 && gh_json_size(rows) == 0)
		rc = fail(env, n, "nobody who is to hear has an address", err);
	else if (rc == 0)
		rc = store_queue_deliveries(env->store, n->id, rows, err);
	gh_json_free(rows);
	return rc;
}

struct queue_run {
	const struct worker_env *env;
	const gh_json *webhooks;
	const struct gh_progress *progress;
	int64_t until_us;
	int n, left; /* looked at; and those of them that wait on */
};

static bool
is_over(const struct queue_run *q)
{
	return gh_now_us() >= q->until_us || gh_progress_is_stopping(q->progress);
}

/* Whose people cannot be looked up now waits for the next run, and keeps no other waiting. */
static int
queue_or_leave(struct queue_run *q, const struct notification *n, struct gh_error *err)
{
	int64_t too_old = gh_now() - (int64_t)q->env->conf->notify.retry_days * DAY;
	int rc;

	if (n->created < too_old)
		return fail(q->env, n, "older than notify.retry_days when it could be sent", err);
	rc = queue(q->env, q->webhooks, n, err);
	if (rc != GH_E_DIR_DOWN && rc != GH_E_BUSY)
		return rc;
	if (q->left++ == 0)
		gh_log_kv(GH_LOG_WARN, "who is to be told cannot be looked up", "event", n->event,
		    "object", n->object, "cause", err->detail, NULL);
	return 0;
}

static int
queue_page(struct queue_run *q, struct notification *page, size_t n, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0 && !is_over(q); i++, q->n++)
		rc = queue_or_leave(q, &page[i], err);
	for (size_t i = 0; i < n; i++)
		notification_clear(&page[i]);
	free(page);
	return rc;
}

int
outbox_queue(const struct worker_env *env, const gh_json *webhooks,
    const struct gh_progress *progress, int *n, struct gh_error *err)
{
	struct queue_run q = {.env = env,
	    .webhooks = webhooks,
	    .progress = progress,
	    .until_us = gh_now_us() + RUN_SECONDS * 1000000LL};
	struct notification *page;
	int64_t after = 0;
	size_t len = PAGE;
	int rc = 0;

	while (rc == 0 && len == PAGE && !is_over(&q)) {
		rc = store_waiting_notifications(env->store, after, PAGE, &page, &len, err);
		if (rc != 0 || len == 0)
			break;
		after = page[len - 1].id;
		rc = queue_page(&q, page, len, err);
	}
	*n = q.n;
	return rc;
}
