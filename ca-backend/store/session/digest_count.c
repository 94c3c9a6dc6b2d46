/* Counts of nonces. See digest_count.h. */
#include "store/store_private.h"

#include "digest_count.h"

/* Not repeated when the connection is lost: the client comes again with a higher count. */
int
store_count_nonce(struct store *s, const char *nonce, uint32_t count, bool *is_new,
    struct gh_error *err)
{
	static const struct store_statement st = {"digest_count",
	    "INSERT INTO digest_nonce AS d (nonce, count) VALUES ($1, $2::bigint) "
	    "ON CONFLICT (nonce) DO UPDATE SET count = EXCLUDED.count "
	    "WHERE d.count < EXCLUDED.count RETURNING 1"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*is_new = false;
	store_put_text(&p, nonce);
	store_put_int(&p, count);
	rc = store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	if (rc == 0)
		*is_new = PQntuples(res) == 1;
	PQclear(res);
	return rc;
}

int
store_purge_nonces(struct store *s, int age, struct gh_error *err)
{
	static const struct store_statement st = {"digest_purge",
	    "DELETE FROM digest_nonce WHERE created_at < now() - make_interval(secs => $1::int)"};
	struct store_params p = {0};

	store_put_int(&p, age);
	return store_do(s, &st, &p, err);
}
