/* Notices and removals. Both go along the index of not_after. */
#include "store/store_private.h"
#include "housekeeping.h"
#include "store/request/service_cert.h"

#define EXPIRY_PAGE "2000"
#define REMOVAL_PAGE "1000"
#define ENDING_MAX "10000" /* STORE_ENDING_MAX */

/* Of row p of certificate: who gets notices, and for which t.d days. Those who renew themselves get
 * none. */
#define NOTICE_DAYS \
	"CROSS JOIN LATERAL (SELECT min(d) AS d FROM unnest($3::int[]) d " \
	"WHERE p.not_after <= now() + make_interval(days => d)) t "
#define NOT_RENEWED_BY_US \
	"NOT (p.request_id = 0 AND EXISTS (SELECT FROM ocsp_signer o WHERE o.ca_id = p.ca_id AND o.cert = p.der)) " \
	"AND NOT (p.request_id = 0 AND p.requester = '" STORE_SERVICE_REQUESTER "') "
#define NOTICE_WHERE \
	"p.status IN (12, 20) AND p.not_after - p.not_before > make_interval(days => t.d) AND " NOT_RENEWED_BY_US

int
store_note_expiry(struct store *s, const int *days, int n, struct store_expiry *walk,
    struct gh_error *err)
{
	/* $1, $2 where the walk stands; $3 days */
	static const struct store_statement st = {"note_expiry",
	    "WITH page AS (SELECT id, ca_id, request_id, requester, not_before, not_after, status, der FROM certificate "
	    "WHERE (not_after, id) > (timestamptz 'epoch' + $1::bigint * interval '1 microsecond', $2::bigint) AND not_after > now() "
	    "AND not_after <= now() + make_interval(days => (SELECT max(d) FROM unnest($3::int[]) d)) "
	    "ORDER BY not_after, id LIMIT " EXPIRY_PAGE "), "
	    "noted AS (INSERT INTO expiry_notice (certificate_id, days) SELECT p.id, t.d FROM page p " NOTICE_DAYS
	    "WHERE " NOTICE_WHERE "ON CONFLICT DO NOTHING RETURNING id) "
	    "SELECT (SELECT count(*) FROM page), (SELECT count(*) FROM noted), (extract(epoch FROM l.not_after) * 1000000)::bigint, "
	    "l.id FROM (SELECT 1) one LEFT JOIN (SELECT not_after, id FROM page ORDER BY not_after DESC, id DESC LIMIT 1) "
	    "l ON true"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, walk->not_after);
	store_put_int(&p, walk->id);
	store_put_numbers(&p, days, n);
	rc = store_read(s, &st, &p, &res, err); /* repeated it finds what it wrote */
	if (rc != 0)
		return rc;
	walk->seen = (int)store_int(res, 0, 0);
	walk->noted = (int)store_int(res, 0, 1);
	if (walk->seen > 0) {
		walk->not_after = store_int(res, 0, 2);
		walk->id = store_int(res, 0, 3);
	}
	PQclear(res);
	return 0;
}

/* Of certificate c: no key of it is archived, which a PKCS#12 is made of with it. */
#define WITHOUT_KEY \
	"AND NOT EXISTS (SELECT FROM archived_key k WHERE k.certificate_id = c.id AND k.state <> 'destroyed') " \
	"AND NOT EXISTS (SELECT FROM archived_key k WHERE k.spki_sha256 = c.spki_sha256 AND k.state <> 'destroyed') "

int
store_remove_ended(struct store *s, const struct requester *who, int days, int *removed,
    struct gh_error *err)
{
	/* $1 days, $2-$7 actor of the audit row; ids that follow each other are written as
	 * "7-12" */
	static const struct store_statement st = {"remove_ended",
	    "WITH old AS (SELECT id FROM certificate c WHERE not_after < now() - make_interval(days => $1::int) " WITHOUT_KEY
	    "ORDER BY not_after LIMIT " REMOVAL_PAGE " FOR UPDATE SKIP LOCKED), "
	    "r AS (DELETE FROM revocation WHERE certificate_id IN (SELECT id FROM old)), "
	    "n AS (DELETE FROM expiry_notice WHERE certificate_id IN (SELECT id FROM old)), "
	    "m AS (DELETE FROM metadata_change WHERE certificate_id IN (SELECT id FROM old)), "
	    "g AS (DELETE FROM scan_sighting WHERE certificate_id IN (SELECT id FROM old)), "
	    /* and where they were sent as issuers of others: not there any more */
	    "h AS (UPDATE scan_sighting s SET chain = (SELECT array_agg(CASE WHEN sent.id IN (SELECT id FROM old) THEN 0 ELSE sent.id END "
	    "    ORDER BY n) FROM unnest(s.chain) WITH ORDINALITY AS sent(id, n)) "
	    "  WHERE s.chain && (SELECT array_agg(id) FROM old) AND s.certificate_id NOT IN (SELECT id FROM old)), "
	    "c AS (DELETE FROM certificate WHERE id IN (SELECT id FROM old) RETURNING id, not_after), "
	    "runs AS (SELECT min(id) AS lo, max(id) AS hi FROM (SELECT id, id - row_number() OVER (ORDER BY id) AS g "
	    "FROM c) t GROUP BY g), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "SELECT 'cert.removed', 'success', 'certificates ' || (SELECT string_agg(CASE WHEN lo = hi THEN lo::text ELSE "
	    "lo || '-' || hi END, ',' ORDER BY lo) FROM runs), $2, $3::int, $4, $5, $6, "
	    "concat($7::text, (SELECT count(*) || ' certificates that ended from ' || iso_utc(min(not_after)) || ' to ' "
	    "|| iso_utc(max(not_after)) FROM c)) WHERE EXISTS (SELECT FROM c)) "
	    "SELECT count(*) FROM c"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*removed = 0;
	store_put_int(&p, days);
	store_put_actor(&p, who, NULL, NULL);
	rc = store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	if (rc == 0)
		*removed = (int)store_int(res, 0, 0);
	PQclear(res);
	return rc;
}

int
store_count_expiry(struct store *s, const int *days, int n, int64_t *out, struct gh_error *err)
{
	/* $1 and $2 are those of store_note_expiry, at the beginning of the walk */
	static const struct store_statement st = {"count_expiry",
	    "SELECT count(*) FROM certificate p " NOTICE_DAYS
	    "WHERE $1::bigint = 0 AND $2::bigint = 0 "
	    "AND p.not_after > now() "
	    "AND p.not_after <= now() + make_interval(days => (SELECT max(d) FROM unnest($3::int[]) d)) AND " NOTICE_WHERE
	    "AND NOT EXISTS (SELECT FROM expiry_notice e WHERE e.certificate_id = p.id AND e.days = t.d)"};
	struct store_params p = {0};

	store_put_int(&p, 0);
	store_put_int(&p, 0);
	store_put_numbers(&p, days, n);
	return store_read_int(s, &st, &p, out, err);
}

int
store_count_ended(struct store *s, int days, int64_t *out, struct gh_error *err)
{
	static const struct store_statement st = {"count_ended",
	    "SELECT count(*) FROM certificate c WHERE not_after < now() - make_interval(days => $1::int) " WITHOUT_KEY};
	struct store_params p = {0};

	store_put_int(&p, days);
	return store_read_int(s, &st, &p, out, err);
}

int
store_count_ending(struct store *s, int days, int64_t *out, struct gh_error *err)
{
	static const struct store_statement st = {"count_ending",
	    "SELECT count(*) FROM (SELECT FROM certificate p WHERE not_after > now() "
	    "AND not_after <= now() + make_interval(days => $1::int) AND status IN (12, 20) AND " NOT_RENEWED_BY_US
	    "LIMIT " ENDING_MAX ") t"};
	struct store_params p = {0};

	store_put_int(&p, days);
	return store_read_int(s, &st, &p, out, err);
}
