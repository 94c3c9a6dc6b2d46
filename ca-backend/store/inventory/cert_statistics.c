/* Counters of certificates. See cert_statistics.h. */
#include "store/cert_columns.h"
#include "store/store_private.h"

#include "cert_statistics.h"

#define CHANGES_PAGE "20000"
#define ISSUERS_MAX "1000" /* ours first: each appliance that signs itself is one */
#define XSTR(x) #x
#define STR(x) XSTR(x)
#define TODAY "(now() AT TIME ZONE 'UTC')::date"

/* Counters and what is not in them yet, of one moment. The certificates that end today are looked
 * at one by one: some have ended. A hold that was lifted has left its row in revocation. */
#define COUNTED \
	"WITH c AS MATERIALIZED (SELECT ca_id, template, key, revoked, ends, sum(n)::bigint AS n FROM (" \
	"SELECT ca_id, template, key, revoked, ends, n FROM certificate_count UNION ALL " \
	"SELECT ca_id, coalesce(template, ''), key, revoked, ends, n FROM certificate_change) x GROUP BY 1, 2, 3, 4, 5), " \
	"s AS (SELECT coalesce(sum(n), 0) AS total, coalesce(sum(n) FILTER (WHERE ca_id < 0), 0) AS elsewhere, coalesce(sum(n) FILTER (WHERE revoked), 0) AS revoked, " \
	"coalesce(sum(n) FILTER (WHERE NOT revoked AND ends < " TODAY "), 0) AS ended FROM c), " \
	"t AS (SELECT count(*) AS ended FROM certificate WHERE status <> 21 AND not_after < now() " \
	"AND not_after >= (" TODAY ")::timestamp AT TIME ZONE 'UTC'), " \
	"h AS (SELECT count(*) AS n FROM revocation WHERE reason = 6 AND removed_at IS NULL) "
#define LIST(column, as) \
	"(SELECT coalesce(json_agg(json_build_object('" as \
	"', v, 'count', n) ORDER BY n DESC, v), '[]') FROM " \
	"(SELECT " column " AS v, sum(n) AS n FROM c GROUP BY 1 HAVING sum(n) <> 0) x)"

int
store_cert_statistics(struct store *s, const char *metadata, gh_json **out, struct gh_error *err)
{
	/* $1 metadata field */
	static const struct store_statement st = {"certificate_statistics",
	    COUNTED
	    "SELECT json_build_object('total', s.total, 'foreign', s.elsewhere, 'by_state', json_build_object("
	    "'active', s.total - s.revoked - s.ended - t.ended, 'expired', s.ended + t.ended, "
	    "'revoked', s.revoked - h.n, 'hold', h.n), "
	    "'by_ca', (SELECT coalesce(json_agg(json_build_object('ca', ca, 'issuer', issuer, 'count', n) "
	    "ORDER BY n DESC, ca, issuer), '[]') FROM (SELECT ca.name AS ca, " CERT_ISSUER
	    " AS issuer, n FROM "
	    "(SELECT ca_id, sum(n) AS n FROM c GROUP BY 1 HAVING sum(n) <> 0 ORDER BY ca_id < 0, 2 DESC, 1 LIMIT " ISSUERS_MAX
	    ") x "
	    "LEFT JOIN ca ON ca.id = ca_id) y), "
	    "'by_template', " LIST("nullif(template, '')", "template") ", 'by_key', " LIST("key",
		"key") ", "
		       "'by_expiry_week', (SELECT coalesce(json_agg(json_build_object('begins', to_char(w, 'YYYY-MM-DD'), 'count', n) "
		       "ORDER BY w), '[]') FROM (SELECT date_trunc('week', ends) AS w, sum(n) AS n FROM c WHERE NOT revoked "
		       "AND ends >= date_trunc('week', " TODAY
		       ") GROUP BY 1 HAVING sum(n) <> 0) x), "
		       "'by_issue_day', (SELECT coalesce(json_agg(json_build_object('day', to_char(day, 'YYYY-MM-DD'), 'count', n) "
		       "ORDER BY day), '[]') FROM (SELECT day, sum(n) AS n FROM (SELECT day, n FROM certificate_issued_count UNION ALL "
		       "SELECT begins, n FROM certificate_change WHERE begins IS NOT NULL AND ca_id >= 0) y "
		       "WHERE day > " TODAY " - " STR(
			   CERT_ISSUE_DAYS) " AND day <= " TODAY
					    " GROUP BY 1 HAVING sum(n) <> 0) x), "
					    "'by_metadata', CASE WHEN $1::text IS NOT NULL THEN "
					    "(SELECT coalesce(json_agg(json_build_object('value', value, 'count', n) ORDER BY n DESC, value), '[]') FROM "
					    "(SELECT value, sum(n) AS n FROM (SELECT value, n FROM certificate_metadata_count WHERE field = $1::text UNION ALL "
					    "SELECT left(metadata->>$1::text, 200), n FROM certificate_change WHERE metadata->>$1::text IS NOT NULL) y "
					    "GROUP BY 1 HAVING sum(n) <> 0 ORDER BY 2 DESC, 1 LIMIT " STR(
						CERT_VALUES_MAX) ") x) END) FROM s, t, h"};
	struct store_params p = {0};

	store_put_text(&p, metadata);
	return store_read_json(s, &st, &p, out, err);
}

int
store_cert_count_changes(struct store *s, int64_t *n, struct gh_error *err)
{
	/* in one order, so that two nodes cannot wait for each other */
	static const struct store_statement st = {"certificate_count_changes",
	    "WITH d AS (DELETE FROM certificate_change WHERE ctid = ANY (ARRAY(SELECT ctid FROM certificate_change "
	    "LIMIT " CHANGES_PAGE " FOR UPDATE SKIP LOCKED)) RETURNING *), "
	    "c AS (INSERT INTO certificate_count AS t SELECT ca_id, coalesce(template, ''), key, revoked, ends, sum(n) "
	    "FROM d GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4, 5 "
	    "ON CONFLICT (ca_id, template, key, revoked, ends) DO UPDATE SET n = t.n + excluded.n), "
	    "i AS (INSERT INTO certificate_issued_count AS t SELECT begins, sum(n) FROM d "
	    "WHERE begins IS NOT NULL AND ca_id >= 0 GROUP BY 1 HAVING sum(n) <> 0 ORDER BY 1 "
	    "ON CONFLICT (day) DO UPDATE SET n = t.n + excluded.n), "
	    "m AS (INSERT INTO certificate_metadata_count AS t SELECT x.key, left(x.value, 200), sum(n) "
	    "FROM d, jsonb_each_text(CASE WHEN jsonb_typeof(metadata) = 'object' THEN metadata END) x WHERE x.value IS NOT NULL GROUP BY 1, 2 HAVING sum(n) <> 0 ORDER BY 1, 2 "
	    "ON CONFLICT (field, value) DO UPDATE SET n = t.n + excluded.n) "
	    "SELECT count(*) FROM d"};
	struct store_params p = {0};
	PGresult *res;
	int rc = store_run(s, &st, &p, &res, err);

	*n = rc == 0 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

int
store_cert_changes(struct store *s, int64_t *n, struct gh_error *err)
{
	static const struct store_statement st = {"certificate_changes",
	    "SELECT count(*) FROM certificate_change"};
	struct store_params p = {0};

	return store_read_int(s, &st, &p, n, err);
}
