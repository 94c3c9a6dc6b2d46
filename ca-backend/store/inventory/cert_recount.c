/* Counters compared with what they count. See cert_recount.h. */
#include <inttypes.h>
#include <stdio.h>

#include "store/store_private.h"

#include "cert_recount.h"

#define IDS_OF_A_STEP 50000
#define STEP_MS 600000 /* of one statement; that of the server is off */

/* What there is, counted as in migrations/0054 and 0056; all of one snapshot. */
static const char begin_sql[] =
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SET LOCAL statement_timeout = 0; "
    "CREATE TEMP TABLE there_kind (LIKE certificate_count) ON COMMIT DROP; "
    "CREATE TEMP TABLE there_issued (LIKE certificate_issued_count) ON COMMIT DROP; "
    "CREATE TEMP TABLE there_metadata (LIKE certificate_metadata_count) ON COMMIT DROP";
static const char step_sql[] =
    "INSERT INTO there_kind SELECT ca_id, coalesce(template, ''), certificate_key(der), status = 21, "
    "(not_after AT TIME ZONE 'UTC')::date, count(*) FROM certificate WHERE id > %1$" PRId64
    " AND id <= %2$" PRId64 " GROUP BY 1, 2, 3, 4, 5; "
    "INSERT INTO there_issued SELECT (not_before AT TIME ZONE 'UTC')::date, count(*) FROM certificate "
    "WHERE id > %1$" PRId64 " AND id <= %2$" PRId64 " AND ca_id >= 0 GROUP BY 1; "
    "INSERT INTO there_metadata SELECT m.key, left(m.value, 200), count(*) FROM certificate, "
    "jsonb_each_text(CASE WHEN jsonb_typeof(metadata) = 'object' THEN metadata END) m "
    "WHERE id > %1$" PRId64 " AND id <= %2$" PRId64 " AND m.value IS NOT NULL GROUP BY 1, 2";
static const char differ_sql[] =
    "CREATE TEMP TABLE differ ON COMMIT DROP AS "
    "SELECT 'kind' AS counter, json_build_object('ca_id', ca_id, 'template', template, 'key', key, "
    "'revoked', revoked, 'ends', ends) AS of, sum(counted)::bigint AS counted, sum(there)::bigint AS there "
    "FROM (SELECT ca_id, template, key, revoked, ends, n AS there, 0 AS counted FROM there_kind "
    "UNION ALL SELECT ca_id, template, key, revoked, ends, 0, n FROM certificate_count "
    "UNION ALL SELECT ca_id, coalesce(template, ''), key, revoked, ends, 0, n FROM certificate_change) x "
    "GROUP BY ca_id, template, key, revoked, ends HAVING sum(there) <> sum(counted) "
    "UNION ALL SELECT 'issued', json_build_object('day', day), sum(counted), sum(there) "
    "FROM (SELECT day, n AS there, 0 AS counted FROM there_issued "
    "UNION ALL SELECT day, 0, n FROM certificate_issued_count "
    "UNION ALL SELECT begins, 0, n FROM certificate_change WHERE begins IS NOT NULL AND ca_id >= 0) x "
    "GROUP BY day HAVING sum(there) <> sum(counted) "
    "UNION ALL SELECT 'metadata', json_build_object('field', field, 'value', value), sum(counted), sum(there) "
    "FROM (SELECT field, value, n AS there, 0 AS counted FROM there_metadata "
    "UNION ALL SELECT field, value, 0, n FROM certificate_metadata_count "
    "UNION ALL SELECT m.key, left(m.value, 200), 0, n FROM certificate_change, "
    "jsonb_each_text(CASE WHEN jsonb_typeof(metadata) = 'object' THEN metadata END) m WHERE m.value IS NOT NULL) x "
    "GROUP BY field, value HAVING sum(there) <> sum(counted)";
/* What a counter lacks is a change. One of days or metadata alone is two of a kind that there is
 * not, which come to nothing. */
static const char repair_sql[] =
    "INSERT INTO certificate_change (n, ca_id, template, key, revoked, ends) "
    "SELECT there - counted, (of->>'ca_id')::bigint, of->>'template', of->>'key', "
    "(of->>'revoked')::boolean, (of->>'ends')::date FROM differ WHERE counter = 'kind'; "
    "INSERT INTO certificate_change (n, ca_id, template, key, revoked, ends, begins, metadata) "
    "SELECT CASE WHEN w THEN there - counted ELSE counted - there END, 0, '', '', false, date '2000-01-01', "
    "CASE WHEN w AND counter = 'issued' THEN (of->>'day')::date END, "
    "CASE WHEN w AND counter = 'metadata' THEN jsonb_build_object(of->>'field', of->>'value') END "
    "FROM differ, (VALUES (true), (false)) v(w) WHERE counter <> 'kind'";

/* ---- steps ---- */

static int
read_last(struct store *s, int64_t *last, struct gh_error *err)
{
	static const struct store_statement st = {NULL, "SELECT max(id) FROM certificate"};
	struct store_params p = {0};
	PGresult *res;
	int rc = store_run(s, &st, &p, &res, err);

	*last = rc == 0 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

/* Where the next step begins: ids may have gaps. */
static int
read_next(struct store *s, int64_t at, int64_t *next, struct gh_error *err)
{
	static const struct store_statement st = {NULL,
	    "SELECT min(id) - 1 FROM certificate WHERE id > $1::bigint"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, at);
	rc = store_run(s, &st, &p, &res, err);
	*next = rc == 0 && store_has(res, 0, 0) ? store_int(res, 0, 0) : INT64_MAX;
	store_params_clear(&p);
	PQclear(res);
	return rc;
}

static int
count_all(struct store *s, const struct gh_progress *p, struct gh_error *err)
{
	char sql[sizeof(step_sql) + 160];
	int64_t at = INT64_MIN, last;
	int rc = read_last(s, &last, err);

	while (rc == 0 && (rc = read_next(s, at, &at, err)) == 0 && at < last) {
		if (gh_progress_is_stopping(p))
			return gh_refuse(err, GH_E_CONFLICT, "interrupted");
		snprintf(sql, sizeof(sql), step_sql, at, at + IDS_OF_A_STEP);
		rc = store_script(s, sql, STEP_MS, err);
		at += IDS_OF_A_STEP;
		gh_progress_tell(p, "certificate %" PRId64 " of %" PRId64, at < last ? at : last,
		    last);
	}
	return rc;
}

/* ---- what came of it ---- */

static int
read_result(struct store *s, bool repair, gh_json **out, int64_t *different, struct gh_error *err)
{
	static const struct store_statement st = {NULL,
	    "SELECT json_build_object('certificates', (SELECT coalesce(sum(n), 0)::bigint FROM there_kind), "
	    "'different', (SELECT count(*) FROM differ), 'differences', (SELECT coalesce(json_agg(d), '[]') "
	    "FROM (SELECT * FROM differ ORDER BY counter, of::text LIMIT 100) d), "
	    "'repaired', $1::boolean AND EXISTS (SELECT FROM differ))"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*different = 0;
	store_put_bool(&p, repair);
	if ((rc = store_run(s, &st, &p, &res, err)) == 0 &&
	    (rc = store_json(res, 0, 0, out, err)) == 0)
		(void)gh_json_int(gh_json_get(*out, "different"), different);
	store_params_clear(&p);
	PQclear(res);
	return rc;
}

static int
mend(struct store *s, const struct requester *who, int64_t different, struct gh_error *err)
{
	char detail[64];
	int rc = store_script(s, repair_sql, STEP_MS, err);

	snprintf(detail, sizeof(detail), "%" PRId64 " counters were wrong", different);
	return rc == 0 ? store_audit_change(s, who, "inventory.recounted", "counters", detail, err)
		       : rc;
}

int
store_check_cert_counts(struct store *s, const struct requester *who, bool repair,
    const struct gh_progress *p, gh_json **out, struct gh_error *err)
{
	int64_t different = 0;
	int rc = store_begin(s, err);

	*out = NULL;
	if (rc != 0)
		return rc;
	if ((rc = store_script(s, begin_sql, s->timeout_ms, err)) == 0 &&
	    (rc = count_all(s, p, err)) == 0 &&
	    (rc = store_script(s, differ_sql, STEP_MS, err)) == 0)
		rc = read_result(s, repair, out, &different, err);
	if (rc == 0 && repair && different > 0)
		rc = mend(s, who, different, err);
	if (rc == 0)
		rc = store_commit(s, err);
	else
		store_rollback(s);
	if (rc != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	return rc;
}
