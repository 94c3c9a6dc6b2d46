/* Rows of table delivery. See delivery.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

#include "delivery.h"

void
delivery_clear(struct delivery *d)
{
	free(d->address);
	free(d->name);
	free(d->language);
	memset(d, 0, sizeof(*d));
}

int
store_queue_deliveries(struct store *s, int64_t notification, const gh_json *rows,
    struct gh_error *err)
{
	static const struct store_statement st = {"queue_deliveries",
	    "WITH n AS (UPDATE notification SET state = 'queued' WHERE id = $1::bigint AND state = 'waiting' "
	    "RETURNING id, created_at, object, event) "
	    "INSERT INTO delivery (notification_id, channel, address, name, language) "
	    "SELECT n.id, d.channel, d.address, d.name, d.language FROM n, json_to_recordset($2::json) "
	    "AS d (channel text, address text, name text, language text) "
	    "WHERE NOT EXISTS (SELECT FROM notification o JOIN delivery t ON t.notification_id = o.id "
	    "WHERE o.created_at = n.created_at AND o.object = n.object AND o.event = n.event "
	    "AND t.channel = d.channel AND lower(t.address) = lower(d.address)) ON CONFLICT DO NOTHING"};
	struct store_params p = {0};

	store_put_int(&p, notification);
	store_put_json(&p, rows);
	return store_do(s, &st, &p, err);
}

static int
fill(const PGresult *res, struct delivery *d, struct gh_error *err)
{
	d->id = store_int(res, 0, 0);
	d->notification_id = store_int(res, 0, 1);
	snprintf(d->uuid, sizeof(d->uuid), "%s", store_text(res, 0, 2));
	d->address = strdup(store_text(res, 0, 3));
	d->name = strdup(store_text(res, 0, 4));
	d->language = strdup(store_text(res, 0, 5));
	d->attempts = (int)store_int(res, 0, 6);
	d->recent = (int)store_int(res, 0, 7);
	if (d->address != NULL && d->name != NULL && d->language != NULL)
		return 0;
	delivery_clear(d);
	return gh_fail(err, GH_E_NOMEM, "delivery");
}

int
store_claim_delivery(struct store *s, const char *channel, int lease, struct delivery *out,
    bool *found, struct gh_error *err)
{
	static const struct store_statement st = {"claim_delivery",
	    "WITH due AS (SELECT id FROM delivery WHERE state = 'waiting' AND channel = $1 AND next_at <= now() "
	    "ORDER BY next_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) "
	    "UPDATE delivery d SET attempts = attempts + 1, next_at = now() + make_interval(secs => $2::int) "
	    "FROM due WHERE d.id = due.id "
	    "RETURNING d.id, d.notification_id, d.uuid, d.address, d.name, d.language, d.attempts, "
	    "(SELECT count(*) FROM (SELECT FROM delivery o WHERE o.state = 'sent' AND o.channel = d.channel "
	    "AND lower(o.address) = lower(d.address) AND o.ended_at > now() - interval '1 hour' LIMIT 10001) r)"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	store_put_text(&p, channel);
	store_put_int(&p, lease);
	rc = store_read(s, &st, &p, &res, err);
	*found = rc == 0 && PQntuples(res) == 1;
	if (*found)
		rc = fill(res, out, err);
	PQclear(res);
	return rc;
}

int
store_delivery_sent(struct store *s, const struct delivery *d, struct gh_error *err)
{
	static const struct store_statement st = {"delivery_sent",
	    "UPDATE delivery SET state = 'sent', ended_at = now(), last_error = NULL "
	    "WHERE id = $1::bigint AND state <> 'sent'"};
	struct store_params p = {0};

	store_put_int(&p, d->id);
	return store_do(s, &st, &p, err);
}

#define IS_OVER "($5::boolean OR ($4::int > 0 AND since < now() - make_interval(days => $4::int)))"
#define FAIL \
	"UPDATE delivery SET last_error = $2, next_at = now() + make_interval(secs => $3::int), " \
	"state = CASE WHEN " IS_OVER " THEN 'dead' ELSE 'waiting' END, " \
	"ended_at = CASE WHEN " IS_OVER " THEN now() END "

static void
put_failure(struct store_params *p, const struct delivery_failure *f)
{
	store_put_text(p, f->why);
	store_put_int(p, f->delay);
	store_put_int(p, f->days);
	store_put_bool(p, f->is_final);
}

int
store_delivery_failed(struct store *s, const struct delivery *d, const struct delivery_failure *f,
    bool *dead, struct gh_error *err)
{
	static const struct store_statement st = {"delivery_failed",
	    FAIL
	    "WHERE id = $1::bigint AND state = 'waiting' AND attempts = $6::int RETURNING state = 'dead'"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, d->id);
	put_failure(&p, f);
	store_put_int(&p, d->attempts);
	rc = store_read(s, &st, &p, &res, err);
	*dead = rc == 0 && PQntuples(res) == 1 && store_bool(res, 0, 0);
	PQclear(res);
	return rc;
}

int
store_hold_deliveries(struct store *s, const char *channel, const char *address,
    const struct delivery_failure *f, int *n, struct gh_error *err)
{
	static const struct store_statement st = {"hold_deliveries",
	    "WITH due AS (SELECT id FROM delivery WHERE state = 'waiting' AND channel = $1 AND next_at <= now() "
	    "AND ($6::text IS NULL OR lower(address) = lower($6)) ORDER BY next_at, id LIMIT 1000 "
	    "FOR UPDATE SKIP LOCKED), "
	    "held AS (" FAIL
	    "WHERE id IN (SELECT id FROM due) RETURNING id) SELECT count(*) FROM held"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_text(&p, channel);
	put_failure(&p, f);
	store_put_text(&p, address);
	rc = store_read(s, &st, &p, &res, err);
	*n = rc == 0 ? (int)store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

int
store_delay_delivery(struct store *s, const struct delivery *d, int delay, const char *why,
    struct gh_error *err)
{
	static const struct store_statement st = {"delay_delivery",
	    "UPDATE delivery SET attempts = attempts - 1, next_at = now() + make_interval(secs => $2::int), "
	    "last_error = coalesce($4, last_error) "
	    "WHERE id = $1::bigint AND state = 'waiting' AND attempts = $3::int"};
	struct store_params p = {0};

	store_put_int(&p, d->id);
	store_put_int(&p, delay);
	store_put_int(&p, d->attempts);
	store_put_text(&p, why);
	return store_do(s, &st, &p, err);
}

/* --- what administrators see and do ----------------------------------------------------------- */

static int
retry(struct store *s, int64_t id, int *n, struct gh_error *err)
{
	static const struct store_statement st = {"retry_deliveries",
	    "WITH again AS (UPDATE delivery SET state = 'waiting', attempts = 0, next_at = now(), since = now(), "
	    "ended_at = NULL WHERE state = 'dead' AND ($1::bigint = 0 OR id = $1::bigint) RETURNING id) "
	    "SELECT count(*), EXISTS (SELECT FROM delivery WHERE id = $1::bigint) FROM again"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*n = 0;
	store_put_int(&p, id);
	rc = store_read(s, &st, &p, &res, err);
	if (rc == 0) {
		*n = (int)store_int(res, 0, 0);
		if (id != 0 && *n == 0)
			rc = store_bool(res, 0, 1)
			    ? gh_refuse(err, GH_E_CONFLICT,
				  "delivery %lld is not dead: it was sent, or it waits for its "
				  "next attempt",
				  (long long)id)
			    : gh_fail(err, GH_E_NOT_FOUND, "no such delivery");
	}
	PQclear(res);
	return rc;
}

int
store_retry_deliveries(struct store *s, const struct requester *who, int64_t id, int *n,
    struct gh_error *err)
{
	char object[24] = "all", detail[32];
	int rc = store_begin(s, err);

	*n = 0;
	if (rc != 0)
		return rc;
	if (id != 0)
		snprintf(object, sizeof(object), "%lld", (long long)id);
	if ((rc = retry(s, id, n, err)) == 0) {
		snprintf(detail, sizeof(detail), "%d messages", *n);
		rc = store_audit_change(s, who, "notification.retried", object, detail, err);
	}
	if (rc == 0)
		return store_commit(s, err);
	*n = 0;
	store_rollback(s);
	return rc;
}

int
store_show_delivery(struct store *s, int64_t id, gh_json **out, struct gh_error *err)
{
	static const struct store_statement st = {"show_delivery",
	    "SELECT row_to_json(t) FROM (SELECT d.id, d.uuid, d.state, d.channel, d.address, nullif(d.name, '') AS name, "
	    "nullif(d.language, '') AS language, d.attempts, CASE WHEN d.state = 'waiting' THEN iso_utc(d.next_at) END "
	    "AS next, d.last_error, iso_utc(d.created_at) AS created, iso_utc(d.ended_at) AS ended, "
	    "n.id AS notification, n.event, n.audience, n.object, n.facts "
	    "FROM delivery d JOIN notification n ON n.id = d.notification_id WHERE d.id = $1::bigint) t"};
	struct store_params p = {0};
	int rc;

	store_put_int(&p, id);
	rc = store_read_json(s, &st, &p, out, err);
	if (rc == 0 && *out == NULL)
		rc = gh_fail(err, GH_E_NOT_FOUND, "no such delivery");
	return rc;
}

int
store_delivery_summary(struct store *s, gh_json **out, struct gh_error *err)
{
	static const struct store_statement st = {"delivery_summary",
	    "SELECT json_build_object("
	    "'waiting', (SELECT count(*) FROM (SELECT FROM delivery WHERE state = 'waiting' LIMIT 10000) w), "
	    "'dead', (SELECT count(*) FROM (SELECT FROM delivery WHERE state = 'dead' LIMIT 10000) d), "
	    "'oldest', coalesce((SELECT greatest(extract(epoch FROM now() - created_at), 0)::bigint FROM delivery "
	    "WHERE state = 'waiting' ORDER BY id LIMIT 1), 0), "
	    "'last_error', (SELECT last_error FROM delivery WHERE state = 'waiting' AND last_error IS NOT NULL "
	    "ORDER BY next_at DESC LIMIT 1))"};
	struct store_params p = {0};

	return store_read_json(s, &st, &p, out, err);
}
