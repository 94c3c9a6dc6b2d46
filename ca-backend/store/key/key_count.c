/* Keys of one caller. See key_count.h. */
#include "store/store_private.h"

#include "key_count.h"

#define OVER "k.since <= now() - interval '1 hour'"

int
store_count_key(struct store *s, const char *caller, int limit, int *wait, struct gh_error *err)
{
	static const struct store_statement st = {"key_count",
	    "INSERT INTO key_count AS k (caller, since, made) VALUES ($1, now(), 1) "
	    "ON CONFLICT (caller) DO UPDATE SET since = CASE WHEN " OVER
	    " THEN now() ELSE k.since END, "
	    "made = CASE WHEN " OVER " THEN 1 ELSE least(k.made, $2::int) + 1 END "
	    "RETURNING CASE WHEN made > $2::int "
	    "THEN ceil(extract(epoch FROM since + interval '1 hour' - now()))::int ELSE 0 END"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*wait = 0;
	store_put_text(&p, caller);
	store_put_int(&p, limit);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	*wait = (int)store_int(res, 0, 0);
	PQclear(res);
	return 0;
}

int
store_purge_key_counts(struct store *s, struct gh_error *err)
{
	static const struct store_statement st = {"key_count_purge",
	    "DELETE FROM key_count k WHERE " OVER};
	struct store_params p = {0};

	return store_do(s, &st, &p, err);
}
