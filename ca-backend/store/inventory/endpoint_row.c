/* Endpoints. See endpoint_row.h. */
#include <stdio.h>

#include "store/cert_columns.h"
#include "store/store_private.h"

#include "endpoint_row.h"

#define SQL_MAX 4096
#define HISTORY "100" /* rows that are shown */
#define IDS_SIZE (STORE_SIGHTING_CHAIN_MAX * 21 + 3)

/* "{1,2}" */
static void
print_ids(const struct store_sighting *g, char out[IDS_SIZE])
{
	size_t n = (size_t)snprintf(out, IDS_SIZE, "{");

	for (size_t i = 0; i < g->chain_n && i < STORE_SIGHTING_CHAIN_MAX; i++)
		n += (size_t)snprintf(out + n, IDS_SIZE - n, "%s%lld", i > 0 ? "," : "",
		    (long long)g->chain[i]);
	snprintf(out + n, IDS_SIZE - n, "}");
}

/* $1-$6 actor, $7-$10 endpoint, $11 error, $12 certificate, $13 chain, $14 verdict, $15 it ended
 * who asked, $16 what the chain has no room for, $17 who asked stood still. Certificates are locked
 * before sightings, as by who removes them (foreign_cert_remove.c): one that is gone meanwhile is
 * not written down as seen, and in a chain it is 0. */
static const struct store_statement note = {"endpoint_note",
    "WITH there AS (SELECT id, not_after FROM certificate WHERE id = $12::bigint OR id = ANY ($13::bigint[]) ORDER BY id FOR KEY SHARE), "
    "chain AS (SELECT coalesce(array_agg(coalesce(there.id, 0) ORDER BY n), '{}') AS ids "
    "  FROM unnest($13::bigint[]) WITH ORDINALITY AS sent(id, n) LEFT JOIN there ON there.id = sent.id), "
    "e AS (INSERT INTO scan_endpoint (host, port, start, sni, error, ended_process, stood_still) "
    "  VALUES ($7, $8::int, $9, $10, $11, $15::boolean, $17::boolean) ON CONFLICT (host, port, start, sni) "
    "  DO UPDATE SET tried_at = now(), error = excluded.error, ended_process = excluded.ended_process, "
    "  stood_still = excluded.stood_still "
    "  RETURNING id, " ENDPOINT_NAME " AS name), "
    "was AS (SELECT s.id, s.certificate_id, chain.ids FROM chain CROSS JOIN scan_sighting s JOIN e ON e.id = s.endpoint_id "
    "  WHERE s.is_current), "
    "same AS (UPDATE scan_sighting s SET last_seen = now(), chain = was.ids, chain_more = $16::int, verify = $14 FROM was "
    "  WHERE s.id = was.id AND was.certificate_id = $12::bigint RETURNING s.id), "
    "ended AS (UPDATE scan_sighting s SET is_current = false FROM was "
    "  WHERE s.id = was.id AND was.certificate_id <> $12::bigint RETURNING s.certificate_id), "
    "fresh AS (INSERT INTO scan_sighting (endpoint_id, certificate_id, is_current, chain, chain_more, verify, not_after) "
    "  SELECT e.id, there.id, true, chain.ids, $16::int, $14, there.not_after FROM e CROSS JOIN chain JOIN there ON there.id = $12::bigint "
    "  WHERE NOT EXISTS (SELECT FROM same) AND (SELECT count(*) FROM ended) >= 0 RETURNING id), "
    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
    "  SELECT 'endpoint.changed', 'success', left(e.name, 300), $1, $2::int, $3, $4, $5, concat($6::text, 'certificate ' || $12::bigint, "
    "    (SELECT ', before it ' || certificate_id FROM ended)) FROM e WHERE EXISTS (SELECT FROM fresh)), "
    "b AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
    "  SELECT 'endpoint.ended_process', 'failure', left(e.name, 300), $1, $2::int, $3, $4, $5, concat($6::text, $11::text) "
    "  FROM e WHERE $15::boolean) "
    "SELECT count(*) FROM fresh"};

static int
run_note(struct store *s, const struct store_params *p, bool *changed, struct gh_error *err)
{
	PGresult *res;
	int rc = store_run(s, &note, p, &res, err);

	*changed = rc == 0 && store_int(res, 0, 0) > 0;
	PQclear(res);
	return rc;
}

int
store_note_sighting(struct store *s, const struct requester *who, const struct store_sighting *g,
    bool *changed, struct gh_error *err)
{
	struct store_params p = {0};
	char ids[IDS_SIZE];
	int rc;

	print_ids(g, ids);
	store_put_actor(&p, who, NULL, NULL);
	store_put_text(&p, g->host);
	store_put_int(&p, g->port);
	store_put_text(&p, g->start);
	store_put_text(&p, g->sni);
	store_put_text(&p, g->error);
	if (g->certificate_id != 0)
		store_put_int(&p, g->certificate_id);
	else
		store_put_text(&p, NULL);
	store_put_text(&p, ids);
	store_put_text(&p, g->verify);
	store_put_bool(&p, g->ended_process);
	store_put_int(&p, g->chain_more);
	store_put_bool(&p, g->stood_still);
	rc = run_note(s, &p, changed, err);
	/* another scan asks the same endpoint, and has begun before its row was locked */
	if (rc == GH_E_CONFLICT)
		rc = run_note(s, &p, changed, err);
	store_params_clear(&p);
	return rc;
}

/* ---- shown ---- */

#define ENDPOINT_FIELDS \
	"e.id, " ENDPOINT_NAME \
	" AS endpoint, e.host, e.port, nullif(e.start, 'tls') AS starttls, nullif(e.sni, '') AS sni, " \
	"s.certificate_id, c.subject, c.issuer, iso_utc(c.not_after) AS not_after, iso_utc(s.first_seen) AS first_seen, " \
	"iso_utc(s.last_seen) AS last_seen, iso_utc(e.tried_at) AS tried_at, s.verify, e.error, e.ended_process"
#define ENDPOINT_JOIN \
	" LEFT JOIN scan_sighting s ON s.endpoint_id = e.id AND s.is_current " \
	"LEFT JOIN LATERAL (SELECT subject, not_after, " CERT_ISSUER \
	" AS issuer FROM certificate WHERE id = s.certificate_id) c ON true"

int
store_page_endpoints(struct store *s, const struct store_endpoint_filter *f, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	struct store_params p = {0};
	struct gh_buf b;
	size_t n;
	int rc;

	*next = 0;
	store_put_int(&p, f->after_id);
	store_put_text(&p, f->host);
	store_put_bool(&p, f->failing);
	store_put_int(&p, f->limit);
	gh_buf_init(&b, SQL_MAX);
	gh_buf_putf(&b,
	    "SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (SELECT " ENDPOINT_FIELDS
	    " FROM (SELECT * FROM scan_endpoint WHERE ($1::bigint = 0 OR id %c $1::bigint) "
	    "AND ($2::text IS NULL OR lower(host) = lower($2)) AND (NOT $3::boolean OR error IS NOT NULL) "
	    "ORDER BY id %s LIMIT $4::int) e" ENDPOINT_JOIN " ORDER BY e.id %s) t",
	    f->newest_first ? '<' : '>', f->newest_first ? "DESC" : "ASC",
	    f->newest_first ? "DESC" : "ASC");
	if ((rc = store_read_composed(s, &b, &p, entries, err)) != 0)
		return rc;
	n = gh_json_size(*entries);
	if (n == (size_t)f->limit && n > 0)
		(void)gh_json_int(gh_json_get(gh_json_at(*entries, n - 1), "id"), next);
	return 0;
}

int
store_list_lossy_endpoints(struct store *s, int limit, gh_json **entries, struct gh_error *err)
{
	static const struct store_statement st = {"endpoint_lossy",
	    "SELECT coalesce(json_agg(t), '[]') FROM (SELECT host, port, start, sni FROM scan_endpoint "
	    "WHERE ended_process OR stood_still ORDER BY id LIMIT $1::int) t"};
	struct store_params p = {0};

	store_put_int(&p, limit);
	return store_read_json(s, &st, &p, entries, err);
}

int
store_get_endpoint(struct store *s, int64_t id, gh_json **out, struct gh_error *err)
{
	static const struct store_statement st = {"endpoint_get",
	    "SELECT row_to_json(t) FROM (SELECT " ENDPOINT_FIELDS
	    ", to_json(s.chain) AS chain, s.chain_more, "
	    "(SELECT coalesce(json_agg(h), '[]') FROM (SELECT h.certificate_id, "
	    "  (SELECT subject FROM certificate WHERE id = h.certificate_id) AS subject, iso_utc(h.first_seen) AS first_seen, "
	    "  iso_utc(h.last_seen) AS last_seen, to_json(h.chain) AS chain, h.chain_more, h.verify FROM scan_sighting h "
	    "  WHERE h.endpoint_id = e.id ORDER BY h.id DESC LIMIT " HISTORY ") h) AS history, "
	    "EXISTS (SELECT FROM scan_sighting h WHERE h.endpoint_id = e.id OFFSET " HISTORY
	    ") AS history_more "
	    "FROM scan_endpoint e" ENDPOINT_JOIN " WHERE e.id = $1::bigint) t"};
	struct store_params p = {0};
	int rc;

	store_put_int(&p, id);
	rc = store_read_json(s, &st, &p, out, err);
	if (rc == 0 && *out == NULL)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no such endpoint.");
	return rc;
}
