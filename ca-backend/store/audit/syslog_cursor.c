/* See syslog_cursor.h. */
#include "store/store_private.h"

#include "syslog_cursor.h"

int
store_syslog_cursor(struct store *s, const struct requester *who, struct store_syslog_cursor *out,
    struct gh_error *err)
{
	static const struct store_statement st = {"syslog_cursor",
	    "WITH made AS (INSERT INTO syslog_cursor (seal_id, position) "
	    "SELECT coalesce(max(id), 0) + 1, 0 FROM audit_seal ON CONFLICT DO NOTHING RETURNING seal_id, position), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'syslog.begun', 'success', 'seal ' || made.seal_id, $1, $2::int, $3, $4, $5, $6 FROM made) "
	    "SELECT seal_id, position FROM made UNION ALL SELECT seal_id, position FROM syslog_cursor LIMIT 1"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_actor(&p, who, NULL, NULL);
	rc = store_read(s, &st, &p, &res, err); /* repeated it finds what it wrote */
	store_params_clear(&p);

	out->seal = rc == 0 ? store_int(res, 0, 0) : 0;
	out->position = rc == 0 ? store_int(res, 0, 1) : 0;
	PQclear(res);
	return rc;
}

int
store_syslog_cursor_move(struct store *s, const struct store_syslog_cursor *to,
    struct gh_error *err)
{
	static const struct store_statement st = {"syslog_cursor_move",
	    "UPDATE syslog_cursor SET seal_id = $1::bigint, position = $2::bigint, moved_at = now() "
	    "WHERE (seal_id, position) < ($1::bigint, $2::bigint)"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, to->seal);
	store_put_int(&p, to->position);
	rc = store_read(s, &st, &p, &res, err); /* repeated it changes nothing */
	PQclear(res);
	return rc;
}

int
store_syslog_waiting(struct store *s, int64_t *out, struct gh_error *err)
{
	static const struct store_statement st = {"syslog_waiting",
	    "SELECT count(*) FROM syslog_cursor y, LATERAL (SELECT FROM audit_leaf l "
	    "WHERE (l.seal_id, l.position) >= (y.seal_id, y.position) LIMIT 10000) w"};
	struct store_params p = {0};

	return store_read_int(s, &st, &p, out, err);
}
