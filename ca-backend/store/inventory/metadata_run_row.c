/* Runs that change the metadata of many certificates. See metadata_run_row.h. */
#include "store/store_private.h"

#include "metadata_run_row.h"

#define SQL_MAX 4096
#define RUN \
	"id, iso_utc(created_at) AS created, actor, query, given AS values, overwrites AS overwrite, is_dry AS dry_run, " \
	"place, last, changed, same, refused, state, problem, iso_utc(ended_at) AS ended"

int
store_add_metadata_run(struct store *s, const struct requester *who,
    const struct store_metadata_order *o, int64_t *id, struct gh_error *err)
{
	/* $1 query, $2 values, $3 lines, $4 overwrites, $5 is_dry, $6-$11 actor */
	static const struct store_statement st = {"metadata_run_add",
	    "WITH r AS (INSERT INTO metadata_run (actor, actor_kind, query, given, overwrites, is_dry, last) "
	    "SELECT $6::text, $7::int, $1::text, $2::jsonb, $4::boolean, $5::boolean, "
	    "  coalesce(CASE WHEN $1::text IS NULL THEN (SELECT max((x->>'n')::bigint) FROM jsonb_array_elements($3::jsonb) x) "
	    "    ELSE (SELECT max(id) FROM certificate) END, 0) RETURNING id), "
	    "i AS (INSERT INTO metadata_run_item (run_id, n, key, given, outcome, detail) "
	    "  SELECT r.id, t.n, t.key, t.given, t.outcome, t.detail FROM r, jsonb_to_recordset($3::jsonb) "
	    "  AS t(n bigint, key jsonb, given jsonb, outcome text, detail text)), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'metadata.run-started', 'success', 'metadata run ' || id, $6::text, $7::int, $8::text, $9::text, "
	    "    $10::text, $11::text FROM r) SELECT id FROM r"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	*id = 0;
	store_put_text(&p, o->query);
	store_put_json(&p, o->values);
	store_put_json(&p, o->lines);
	store_put_bool(&p, o->overwrites);
	store_put_bool(&p, o->is_dry);
	store_put_actor(&p, who, o->request_id, o->detail);
	if ((rc = store_write(s, &st, &p, "taken", &res, err)) == 0)
		*id = store_int(res, 0, 0);
	PQclear(res);
	return rc;
}

int
store_get_metadata_run(struct store *s, int64_t id, gh_json **out, struct gh_error *err)
{
	static const struct store_statement st = {"metadata_run_get",
	    "SELECT row_to_json(t) FROM (SELECT " RUN
	    " FROM metadata_run WHERE id = $1::bigint) t"};
	struct store_params p = {0};
	int rc;

	store_put_int(&p, id);
	rc = store_read_json(s, &st, &p, out, err);
	if (rc == 0 && *out == NULL)
		rc = gh_refuse(err, GH_E_NOT_FOUND, "There is no such run.");
	return rc;
}

int
store_next_metadata_run(struct store *s, gh_json **out, struct gh_error *err)
{
	static const struct store_statement st = {"metadata_run_next",
	    "SELECT coalesce((SELECT row_to_json(t) FROM (SELECT " RUN
	    ", extract(epoch FROM created_at)::bigint AS at, actor_kind FROM metadata_run WHERE state = 'running' ORDER BY is_dry DESC, id LIMIT 1) t), 'null')"};
	struct store_params p = {0};

	return store_read_json(s, &st, &p, out, err);
}

/* The member of the last of a full page. */
static int64_t
next_of(const gh_json *entries, int limit, const char *member)
{
	size_t n = gh_json_size(entries);
	int64_t next = 0;

	if (n > 0 && n == (size_t)limit)
		(void)gh_json_int(gh_json_get(gh_json_at(entries, n - 1), member), &next);
	return next;
}

int
store_list_metadata_runs(struct store *s, int64_t after_id, int limit, bool newest_first,
    gh_json **entries, int64_t *next, struct gh_error *err)
{
	struct store_params p = {0};
	struct gh_buf b;
	int rc;

	*next = 0;
	store_put_int(&p, after_id);
	store_put_int(&p, limit);
	gh_buf_init(&b, SQL_MAX);
	gh_buf_putf(&b,
	    "SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (SELECT " RUN
	    " FROM metadata_run WHERE ($1::bigint = 0 OR id %c $1::bigint) ORDER BY id %s LIMIT $2::int) t",
	    newest_first ? '<' : '>', newest_first ? "DESC" : "ASC");
	if ((rc = store_read_composed(s, &b, &p, entries, err)) == 0)
		*next = next_of(*entries, limit, "id");
	return rc;
}

/* ---- items ---- */

int
store_list_metadata_items(struct store *s, const struct store_metadata_items *q, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	static const struct store_statement st = {"metadata_run_items",
	    "SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (SELECT n, certificate_id, outcome, detail, changes, key "
	    "FROM metadata_run_item WHERE run_id = $1::bigint AND n > $2::bigint AND ($3::text IS NULL OR outcome = $3::text) "
	    "ORDER BY n LIMIT $4::int) t"};
	struct store_params p = {0};
	int rc;

	*next = 0;
	store_put_int(&p, q->run_id);
	store_put_int(&p, q->after);
	store_put_text(&p, q->outcome);
	store_put_int(&p, q->limit);
	if ((rc = store_read_json(s, &st, &p, entries, err)) == 0)
		*next = next_of(*entries, q->limit, "n");
	return rc;
}

int
store_list_metadata_lines(struct store *s, int64_t run_id, int64_t after, int limit,
    gh_json **lines, struct gh_error *err)
{
	static const struct store_statement st = {"metadata_run_lines",
	    "SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (SELECT n, key, given, outcome FROM metadata_run_item "
	    "WHERE run_id = $1::bigint AND n > $2::bigint ORDER BY n LIMIT $3::int) t"};
	struct store_params p = {0};

	store_put_int(&p, run_id);
	store_put_int(&p, after);
	store_put_int(&p, limit);
	return store_read_json(s, &st, &p, lines, err);
}

int
store_find_metadata_line(struct store *s, int64_t run_id, int64_t n, int64_t certificate_id,
    int64_t *line, struct gh_error *err)
{
	static const struct store_statement st = {"metadata_run_line",
	    "SELECT min(n) FROM metadata_run_item WHERE run_id = $1::bigint AND certificate_id = $2::bigint AND n < $3::bigint"};
	struct store_params p = {0};

	store_put_int(&p, run_id);
	store_put_int(&p, certificate_id);
	store_put_int(&p, n);
	return store_read_int(s, &st, &p, line, err);
}

/* ---- a step ---- */

/*
 * $1 run, $2 from, $3 to, $4 is_last, $5 changes, $6 items, $7-$9 counts, $10-$15 actor.
 * k locks what is to be changed, in one order, and finds whether it is as it was; r moves the run,
 * which lets one of two through; all else depends on r.
 */
static const struct store_statement take_step = {"metadata_run_step",
    "WITH w AS (SELECT * FROM jsonb_to_recordset($5::jsonb) AS t(id bigint, old jsonb, new jsonb, changes jsonb, detail text)), "
    "k AS (SELECT c.id FROM certificate c JOIN w ON w.id = c.id WHERE coalesce(c.metadata, '{}') = w.old "
    "  ORDER BY c.id FOR UPDATE OF c), "
    "r AS (UPDATE metadata_run SET place = $3::bigint, changed = changed + $7::bigint, same = same + $8::bigint, "
    "  refused = refused + $9::bigint, state = CASE WHEN $4::boolean THEN 'done' ELSE 'running' END, "
    "  ended_at = CASE WHEN $4::boolean THEN clock_timestamp() END "
    "  WHERE id = $1::bigint AND place = $2::bigint AND state = 'running' "
    "  AND (SELECT count(*) FROM k) = jsonb_array_length($5::jsonb) RETURNING *), "
    "u AS (UPDATE certificate c SET metadata = w.new FROM w, r WHERE c.id = w.id AND NOT r.is_dry RETURNING c.id, c.serial), "
    "h AS (INSERT INTO metadata_change (certificate_id, actor, actor_kind, field, old, new) "
    "  SELECT u.id, $10::text, $11::int, x->>'field', nullif(x->'old', 'null'), nullif(x->'new', 'null') "
    "  FROM u JOIN w ON w.id = u.id, jsonb_array_elements(w.changes) AS x), "
    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
    "  SELECT 'cert.metadata-changed', 'success', hex_upper(u.serial), $10::text, $11::int, $12::text, $13::text, $14::text, "
    "    concat(w.detail, ' (run ', (SELECT id FROM r), ')', $15::text) FROM u JOIN w ON w.id = u.id), "
    "e AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
    "  SELECT 'metadata.run-ended', 'success', 'metadata run ' || r.id, $10::text, $11::int, $12::text, $13::text, $14::text, "
    "    r.changed || ' changed, ' || r.same || ' the same, ' || r.refused || ' refused' || "
    "    CASE WHEN r.is_dry THEN ', dry run' ELSE '' END FROM r WHERE $4::boolean), "
    "i AS (INSERT INTO metadata_run_item AS o (run_id, n, certificate_id, outcome, detail, changes) "
    "  SELECT r.id, t.n, t.certificate_id, t.outcome, t.detail, t.changes FROM r, jsonb_to_recordset($6::jsonb) "
    "  AS t(n bigint, certificate_id bigint, outcome text, detail text, changes jsonb) "
    "  ON CONFLICT (run_id, n) DO UPDATE SET certificate_id = excluded.certificate_id, outcome = excluded.outcome, "
    "    detail = excluded.detail, changes = excluded.changes) "
    "SELECT id FROM r"};

int
store_take_metadata_step(struct store *s, const struct requester *who,
    const struct store_metadata_step *step, bool *is_taken, struct gh_error *err)
{
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	*is_taken = false;
	store_put_int(&p, step->run_id);
	store_put_int(&p, step->from);
	store_put_int(&p, step->to);
	store_put_bool(&p, step->is_last);
	store_put_json(&p, step->changes);
	store_put_json(&p, step->items);
	store_put_int(&p, step->changed);
	store_put_int(&p, step->same);
	store_put_int(&p, step->refused);
	store_put_actor(&p, who, NULL, NULL);
	if ((rc = store_write(s, &take_step, &p, "taken", &res, err)) == 0)
		*is_taken = PQntuples(res) == 1;
	PQclear(res);
	return rc;
}

int
store_end_metadata_run(struct store *s, const struct requester *who, int64_t id, const char *state,
    const char *problem, const char *request_id, bool *is_ended, struct gh_error *err)
{
	/* $1 id, $2 state, $3 problem, $4-$9 actor */
	static const struct store_statement st = {"metadata_run_end",
	    "WITH r AS (UPDATE metadata_run SET state = $2::text, problem = $3::text, ended_at = clock_timestamp() "
	    "  WHERE id = $1::bigint AND state = 'running' RETURNING *), "
	    "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
	    "  SELECT 'metadata.run-ended', 'failure', 'metadata run ' || r.id, $4::text, $5::int, $6::text, $7::text, $8::text, "
	    "  concat($2::text, ' at ', place, ': ', changed, ' changed, ', same, ' the same, ', refused, ' refused. ', $9::text) FROM r) "
	    "SELECT id FROM r"};
	struct store_params p = {0};
	PGresult *res = NULL;
	int rc;

	*is_ended = false;
	store_put_int(&p, id);
	store_put_text(&p, state);
	store_put_text(&p, problem);
	store_put_actor(&p, who, request_id, problem);
	if ((rc = store_write(s, &st, &p, "taken", &res, err)) == 0)
		*is_ended = PQntuples(res) == 1;
	PQclear(res);
	return rc;
}

int
store_remove_metadata_runs(struct store *s, int days, struct gh_error *err)
{
	static const struct store_statement st = {"metadata_runs_remove",
	    "DELETE FROM metadata_run WHERE id IN (SELECT id FROM metadata_run "
	    "WHERE ended_at < now() - make_interval(days => $1::int) LIMIT 1)"};
	struct store_params p = {0};

	store_put_int(&p, days);
	return store_do(s, &st, &p, err);
}
