/* Requests that are found again. See request_poll.h. */
#include <string.h>

#include "store/store_private.h"

#include "request_poll.h"

int
store_find_polled(struct store *s, const char *key, struct store_polled *out, struct gh_error *err)
{
	static const struct store_statement st = {"request_polled",
	    "SELECT r.id, r.disposition, r.resolved_by IS NOT NULL, c.status = 20 AND c.not_after > now(), "
	    "extract(epoch FROM now() - r.resolved_at)::bigint FROM request r "
	    "LEFT JOIN certificate c ON c.id = r.certificate_id WHERE r.poll_key = $1 ORDER BY r.id DESC LIMIT 1"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	store_put_text(&p, key);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	if (PQntuples(res) == 1) {
		out->id = store_int(res, 0, 0);
		out->disposition = (enum db_disposition)store_int(res, 0, 1);
		out->is_decided = store_bool(res, 0, 2);
		out->is_good = store_bool(res, 0, 3);
		out->age = store_int(res, 0, 4);
	}
	PQclear(res);
	return 0;
}

int
store_is_renewed(struct store *s, const char *sha256, bool *is_renewed, struct gh_error *err)
{
	static const struct store_statement st = {"request_renews",
	    "SELECT EXISTS (SELECT FROM request WHERE renews = $1 AND disposition IN (9, 20))"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*is_renewed = true;
	store_put_text(&p, sha256);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	*is_renewed = store_bool(res, 0, 0);
	PQclear(res);
	return 0;
}
