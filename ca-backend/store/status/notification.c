/* Removal of old notifications, page by page. See notification.h. */
#include "notification.h"
#include "store/store_private.h"

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
