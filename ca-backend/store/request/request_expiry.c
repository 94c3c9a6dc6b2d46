/* Reminders and the end of requests that nobody decides. See request_expiry.h. */
#include "request_expiry.h"
#include "store/store_private.h"

/* The second condition is that of the partial index. */
#define WAITS "disposition = 9 AND disposition <> 20 "
#define HAS_EXPIRED "submitted_at <= now() - make_interval(days => $1::int) "
#define IS_DUE(days) \
	"coalesce(reminded_at, submitted_at) <= now() - make_interval(days => " days "::int) "

static int
run(struct store *s, const struct store_statement *st, struct store_params *p, int *n,
    struct gh_error *err)
{
	PGresult *res;
	int rc = store_write(s, st, p, "", &res, err);

	*n = rc == 0 ? (int)store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

int
store_expire_requests(struct store *s, const struct requester *who, int days, int *n,
    struct gh_error *err)
{
	/* $1 days, $2 status code, $3-$8 actor */
	static const struct store_statement st = {"requests_expire",
	    "WITH old AS (SELECT id FROM request WHERE " WAITS "AND " HAS_EXPIRED
	    "    ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED), "
	    "u AS (UPDATE request SET disposition = 33, version = version + 1, status_code = $2::bigint, mac = NULL, "
	    "    message = 'Expired: nobody has decided within ' || $1::int || ' days', resolved_at = now(), resolved_by = NULL "
	    "  WHERE id IN (SELECT id FROM old) RETURNING id, requester), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'request.expired', 'success', 'request ' || u.id, $3::text, $4::int, $5::text, $6::text, $7::text, "
	    "    concat('of ', u.requester, $8::text) FROM u), "
	    "g AS (DELETE FROM archived_key k USING u WHERE k.request_id = u.id AND k.state = 'pending' RETURNING k.uuid, u.id), "
	    "b AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'key.discarded', 'success', 'key ' || g.uuid, $3::text, $4::int, $5::text, $6::text, $7::text, "
	    "    'of request ' || g.id FROM g) "
	    "SELECT count(*) FROM u"};
	struct store_params p = {0};

	store_put_int(&p, days);
	store_put_int(&p, STORE_REQUEST_EXPIRED);
	store_put_actor(&p, who, NULL, NULL);
	return run(s, &st, &p, n, err);
}

int
store_remind_requests(struct store *s, int days, int *n, struct gh_error *err)
{
	static const struct store_statement st = {"requests_remind",
	    "WITH due AS (SELECT id FROM request WHERE " WAITS "AND " IS_DUE(
		"$1") "    ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED), "
		      "u AS (UPDATE request SET reminded_at = now() WHERE id IN (SELECT id FROM due) RETURNING id) "
		      "SELECT count(*) FROM u"};
	struct store_params p = {0};

	store_put_int(&p, days);
	return run(s, &st, &p, n, err);
}

int
store_forget_attempts(struct store *s, struct gh_error *err)
{
	static const struct store_statement st = {"attempts_forget",
	    "DELETE FROM approval_attempt WHERE at < now() - interval '7 days' "
	    "AND coalesce(locked_until, at) < now()"};
	struct store_params p = {0};

	return store_do(s, &st, &p, err);
}

int
store_count_waiting(struct store *s, int expiry_days, int reminder_days, int64_t *expire,
    int64_t *remind, struct gh_error *err)
{
	static const struct store_statement st = {"requests_waiting",
	    "SELECT count(*) FILTER (WHERE $1::int > 0 AND " HAS_EXPIRED "), "
	    "count(*) FILTER (WHERE $2::int > 0 AND " IS_DUE("$2") ") FROM request WHERE " WAITS};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, expiry_days);
	store_put_int(&p, reminder_days);
	rc = store_read(s, &st, &p, &res, err);
	*expire = rc == 0 ? store_int(res, 0, 0) : 0;
	*remind = rc == 0 ? store_int(res, 0, 1) : 0;
	PQclear(res);
	return rc;
}
