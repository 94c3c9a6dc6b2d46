/* CAs and CRLs that end. See ca_notice.h. */
#include "ca_notice.h"
#include "store/store_private.h"

/* $1 days, $2 seconds. A superseded CA has its successor, but its CRLs are still needed. Of the
 * complete CRL and the shards the first one to end counts. */
#define DUE \
	"WITH c AS (SELECT id, state, protection, not_before, not_after FROM ca WHERE not_after > now()), " \
	"newest AS (SELECT ca_id, shard, max(next_update) AS ends_at FROM crl WHERE NOT is_delta GROUP BY ca_id, shard), " \
	"first AS (SELECT ca_id, min(ends_at) AS ends_at FROM newest GROUP BY ca_id), " \
	"due (ca_id, event, ends_at, days) AS (" \
	"SELECT c.id, 'ca.expiring', c.not_after, t.d FROM c CROSS JOIN LATERAL (SELECT min(d) AS d FROM unnest($1::int[]) d " \
	"  WHERE c.not_after <= now() + make_interval(days => d)) t " \
	"  WHERE c.state IN ('active', 'disabled') AND c.not_after - c.not_before > make_interval(days => t.d) " \
	"UNION ALL SELECT c.id, CASE WHEN f.ends_at <= now() THEN 'crl.overdue' ELSE 'crl.expiring' END, f.ends_at, 0 " \
	"  FROM c JOIN first f ON f.ca_id = c.id WHERE c.state IN ('active', 'disabled', 'superseded') " \
	"  AND c.protection <> 'none' AND f.ends_at < now() + make_interval(secs => $2::int)) "

static int
run(struct store *s, const struct store_statement *st, const int *days, int n, int crl_seconds,
    int *count, struct gh_error *err)
{
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_numbers(&p, days, n);
	store_put_int(&p, crl_seconds);
	rc = store_read(s, st, &p, &res, err); /* repeated it finds what it wrote */
	*count = rc == 0 ? (int)store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

int
store_note_ca_ends(struct store *s, const int *days, int n, int crl_seconds, int *noted,
    struct gh_error *err)
{
	static const struct store_statement st = {"note_ca_ends",
	    DUE
	    ", noted AS (INSERT INTO ca_notice (ca_id, event, ends_at, days) SELECT ca_id, event, ends_at, days FROM due "
	    "ON CONFLICT DO NOTHING RETURNING ca_id) SELECT count(*) FROM noted"};

	return run(s, &st, days, n, crl_seconds, noted, err);
}

int
store_count_ca_ends(struct store *s, const int *days, int n, int crl_seconds, int *count,
    struct gh_error *err)
{
	static const struct store_statement st = {"count_ca_ends",
	    DUE
	    "SELECT count(*) FROM due d WHERE NOT EXISTS (SELECT FROM ca_notice o WHERE o.ca_id = d.ca_id "
	    "AND o.event = d.event AND o.ends_at = d.ends_at AND o.days = d.days)"};

	return run(s, &st, days, n, crl_seconds, count, err);
}
