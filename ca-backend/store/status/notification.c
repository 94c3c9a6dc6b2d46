/* Rows of table notification: what waits, and the removal of what is old. See notification.h. */
#include <stdlib.h>
#include <string.h>

#include "job_row.h"
#include "notification.h"
#include "store/store_private.h"

void
notification_clear(struct notification *n)
{
	free(n->event);
	free(n->audience);
	free(n->recipient);
	free(n->recipient_id);
	free(n->language);
	free(n->object);
	gh_json_free(n->facts);
	memset(n, 0, sizeof(*n));
}

#define COLUMNS \
	"id, extract(epoch FROM created_at)::bigint, event, audience, recipient, recipient_id, object, facts, recipient_kind, " \
	"language"

static int
fill(const PGresult *res, int row, struct notification *n, struct gh_error *err)
{
	n->id = store_int(res, row, 0);
	n->created = store_int(res, row, 1);
	n->event = strdup(store_text(res, row, 2));
	n->audience = strdup(store_text(res, row, 3));
	n->recipient = strdup(store_text(res, row, 4));
	n->recipient_id = strdup(store_text(res, row, 5));
	n->object = strdup(store_text(res, row, 6));
	n->language = strdup(store_text(res, row, 9));
	if (n->event == NULL || n->audience == NULL || n->recipient == NULL ||
	    n->recipient_id == NULL || n->object == NULL || n->language == NULL)
		return gh_fail(err, GH_E_NOMEM, "notification");
	n->recipient_kind = (enum requester_kind)store_int(res, row, 8);
	return store_json(res, row, 7, &n->facts, err);
}

static int
read_rows(struct store *s, const struct store_statement *st, struct store_params *p,
    struct notification **out, size_t *n, struct gh_error *err)
{
	PGresult *res;
	int rc;

	*out = NULL;
	*n = 0;
	if ((rc = store_read(s, st, p, &res, err)) != 0)
		return rc;
	*out = calloc((size_t)PQntuples(res) + 1, sizeof(**out));
	if (*out == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "notifications");
	for (int i = 0; rc == 0 && i < PQntuples(res); i++, ++*n)
		if ((rc = fill(res, i, &(*out)[i], err)) != 0)
			notification_clear(&(*out)[i]);
	PQclear(res);
	if (rc == 0)
		return 0;
	while (*n > 0)
		notification_clear(&(*out)[--*n]);
	free(*out);
	*out = NULL;
	return rc;
}

int
store_waiting_notifications(struct store *s, int64_t after, int limit, struct notification **out,
    size_t *n, struct gh_error *err)
{
	static const struct store_statement st = {"waiting_notifications",
	    "SELECT " COLUMNS " FROM notification WHERE state = 'waiting' AND id > $1::bigint "
	    "ORDER BY id LIMIT $2::int"};
	struct store_params p = {0};

	store_put_int(&p, after);
	store_put_int(&p, limit);
	return read_rows(s, &st, &p, out, n, err);
}

int
store_earlier_notifications(struct store *s, const struct notification *n,
    struct notification **out, size_t *len, struct gh_error *err)
{
	static const struct store_statement st = {"earlier_notifications",
	    "SELECT " COLUMNS
	    " FROM notification WHERE id < $1::bigint AND event = $2 AND (created_at, object) = "
	    "(SELECT created_at, object FROM notification WHERE id = $1::bigint) ORDER BY id LIMIT 100"};
	struct store_params p = {0};

	store_put_int(&p, n->id);
	store_put_text(&p, n->event);
	return read_rows(s, &st, &p, out, len, err);
}

int
store_get_notification(struct store *s, int64_t id, struct notification *out, struct gh_error *err)
{
	static const struct store_statement st = {"get_notification",
	    "SELECT " COLUMNS " FROM notification WHERE id = $1::bigint"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	store_put_int(&p, id);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	rc = PQntuples(res) == 1 ? fill(res, 0, out, err)
				 : gh_fail(err, GH_E_NOT_FOUND, "no such notification");
	if (rc != 0)
		notification_clear(out);
	PQclear(res);
	return rc;
}

int
store_fail_notification(struct store *s, int64_t id, const char *why, struct gh_error *err)
{
	static const struct store_statement st = {"fail_notification",
	    "UPDATE notification SET state = 'failed', error = $2 WHERE id = $1::bigint AND state = 'waiting'"};
	struct store_params p = {0};

	store_put_int(&p, id);
	store_put_text(&p, why);
	return store_do(s, &st, &p, err);
}

int
store_fold_notification(struct store *s, int64_t id, const char *why, struct gh_error *err)
{
	static const struct store_statement st = {"fold_notification",
	    "UPDATE notification SET state = 'queued', error = $2 WHERE id = $1::bigint AND state = 'waiting'"};
	struct store_params p = {0};

	store_put_int(&p, id);
	store_put_text(&p, why);
	return store_do(s, &st, &p, err);
}

int
store_mark_notification(struct store *s, int64_t id, struct gh_error *err)
{
	static const struct store_statement st = {"mark_notification",
	    "UPDATE notification SET facts = facts || '{\"more\": \"requests\"}' "
	    "WHERE id = $1::bigint AND state = 'waiting'"};
	struct store_params p = {0};

	store_put_int(&p, id);
	return store_do(s, &st, &p, err);
}

/* --- removal ---------------------------------------------------------------------------------- */

#define IS_OLD "created_at < now() - make_interval(days => $1::int)"

/* The number that a statement over the old ones answers. */
static int
run(struct store *s, const struct store_statement *st, int days, int64_t *n, struct gh_error *err)
{
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, days);
	rc = store_read(s, st, &p, &res, err); /* a removal, repeated, removes the next page */
	*n = rc == 0 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

int
store_remove_notifications(struct store *s, int days, int *removed, struct gh_error *err)
{
	static const struct store_statement st = {"remove_notifications",
	    "WITH old AS (SELECT id FROM notification WHERE " IS_OLD
	    " ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED), "
	    "n AS (DELETE FROM notification WHERE id IN (SELECT id FROM old) RETURNING id) "
	    "SELECT count(*) FROM n"};
	int64_t n;
	int rc = run(s, &st, days, &n, err);

	*removed = (int)n;
	return rc;
}

int
store_count_old_notifications(struct store *s, int days, int64_t *n, struct gh_error *err)
{
	static const struct store_statement st = {"count_old_notifications",
	    "SELECT count(*) FROM notification WHERE " IS_OLD};

	return run(s, &st, days, n, err);
}

/* --- to see whether messages arrive ----------------------------------------------------------- */

static int
insert_test(struct store *s, const struct requester *who, bool is_own, struct gh_error *err)
{
	static const struct store_statement st = {"test_notification",
	    "INSERT INTO notification (event, audience, recipient, recipient_id, recipient_kind, object, facts) "
	    "VALUES ('test', CASE WHEN $1::boolean THEN 'requester' ELSE 'administrators' END, "
	    "CASE WHEN $1::boolean THEN $2 ELSE '' END, CASE WHEN $1::boolean THEN $3 ELSE '' END, "
	    "CASE WHEN $1::boolean THEN $4::int END, 'notify', jsonb_build_object('requester', $2::text))"};
	struct store_params p = {0};

	store_put_bool(&p, is_own);
	store_put_text(&p, who->name);
	store_put_text(&p, who->id);
	store_put_int(&p, who->kind);
	return store_do(s, &st, &p, err);
}

int
store_test_notification(struct store *s, const struct requester *who, bool is_own,
    struct gh_error *err)
{
	const char *detail = is_own ? "to the caller" : "to the administrators";
	int rc = store_begin(s, err);

	if (rc != 0)
		return rc;
	if ((rc = insert_test(s, who, is_own, err)) == 0 &&
	    (rc = store_job_go_on(s, "notify", err)) == 0 &&
	    (rc = store_audit_change(s, who, "notification.tested", "notify", detail, err)) == 0)
		return store_commit(s, err);
	store_rollback(s);
	return rc;
}
