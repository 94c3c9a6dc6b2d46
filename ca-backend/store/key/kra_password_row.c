/* Counted passwords of the KRA. See kra_password_row.h. */
#include "store/lockout.h"
#include "store/store_private.h"

#include "kra_password_row.h"

#define ROWS "kind = 'storage' AND state <> 'retired'"

int
store_kra_tries_lock(struct store *s, struct store_kra_tries *out, struct gh_error *err)
{
	/* a mode that lets secrets be stored under these keys meanwhile */
	static const struct store_statement st = {"kra_tries_lock",
	    "SELECT coalesce(max(CASE WHEN locked_until <= clock_timestamp() THEN 0 ELSE attempts END), 0), "
	    "coalesce(max(lockouts), 0), floor(extract(epoch FROM clock_timestamp()))::bigint, "
	    "coalesce(ceil(extract(epoch FROM max(locked_until) FILTER (WHERE locked_until > clock_timestamp())))::bigint, 0) "
	    "FROM (SELECT attempts, lockouts, locked_until FROM kra_key WHERE " ROWS
	    " ORDER BY id FOR NO KEY UPDATE) k"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc = store_begin_locking(s, err);

	*out = (struct store_kra_tries){0};
	if (rc == 0)
		rc = store_run(s, &st, &p, &res, err);
	if (rc == 0) {
		out->attempts = (int)store_int(res, 0, 0);
		out->lockouts = (int)store_int(res, 0, 1);
		out->now = store_int(res, 0, 2);
		out->locked_until = store_int(res, 0, 3);
	} else {
		store_rollback(s);
	}
	PQclear(res);
	return rc;
}

int
store_kra_tries_put_wrong(struct store *s, struct store_kra_tries *t, int attempts_max,
    int lock_seconds, struct gh_error *err)
{
	static const struct store_statement st = {"kra_tries_wrong",
	    "UPDATE kra_key SET attempts = $1::int, lockouts = $2::int, "
	    "locked_until = clock_timestamp() + make_interval(secs => $3::int) WHERE " ROWS
	    " RETURNING ceil(extract(epoch FROM locked_until))::bigint"};
	bool is_last = ++t->attempts >= attempts_max;
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	store_put_int(&p, t->attempts);
	store_put_int(&p, t->lockouts + (is_last && t->lockouts < STORE_LOCKOUTS_MAX));
	if (is_last)
		store_put_int(&p, store_lockout_seconds(lock_seconds, t->lockouts));
	else
		store_put_text(&p, NULL);
	rc = store_write(s, &st, &p, "", &res, err);
	if (rc == 0 && PQntuples(res) > 0)
		t->locked_until = store_int(res, 0, 0);
	PQclear(res);
	return rc;
}

int
store_kra_tries_put_right(struct store *s, struct gh_error *err)
{
	static const struct store_statement st = {"kra_tries_right",
	    "UPDATE kra_key SET attempts = 0, lockouts = 0, locked_until = NULL WHERE " ROWS
	    " AND (attempts > 0 OR lockouts > 0)"};
	struct store_params p = {0};

	return store_do_once(s, &st, &p, "", err);
}

int
store_kra_tries_commit(struct store *s, struct gh_error *err)
{
	return store_commit(s, err);
}

void
store_kra_tries_abandon(struct store *s)
{
	store_rollback(s);
}
