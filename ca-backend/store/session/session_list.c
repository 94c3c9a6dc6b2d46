/* Lists and ends of sessions. See session_list.h. */
#include "store/store_private.h"

#include "session_list.h"

#define HANDLE "substr(encode(id, 'hex'), 1, 16)"
/* Over at $1, or idle for $2 seconds then. */
#define IS_OVER \
	"(ends_at <= to_timestamp($1::bigint) OR used_at <= to_timestamp($1::bigint - $2::int))"
/* By the five parameters of put_filter, from a to e. */
#define FITS(a, b, c, d, e) \
	"(" a "::text IS NULL OR " HANDLE " = " a ") AND (" b \
	"::text IS NULL OR lower(name) = lower(" b ")) " \
	"AND (" c "::int IS NULL OR (kind = " c " AND lower(name) = lower(" d \
	") AND directory_id = " e "))"

static void
put_filter(struct store_params *p, const struct store_session_filter *f)
{
	store_put_text(p, f->handle);
	store_put_text(p, f->name);
	if (f->person != NULL)
		store_put_int(p, f->person->kind);
	else
		store_put_text(p, NULL);
	store_put_text(p, f->person != NULL ? f->person->name : NULL);
	store_put_text(p, f->person != NULL ? f->person->id : NULL);
}

#define PAGE(which, direction) \
	"SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (SELECT " HANDLE \
	" AS session, number, name, CASE kind WHEN 2 THEN 'local' ELSE 'directory' END AS kind, method, address, " \
	"iso_utc(created_at) AS created, iso_utc(used_at) AS used, iso_utc(ends_at) AS ends FROM session WHERE NOT " IS_OVER \
	" AND " FITS("$3", "$4", "$5", "$6", "$7") " AND ($8::bigint = 0 OR number " which \
						   " $8::bigint) " \
						   "ORDER BY number " direction \
						   " LIMIT $9::int) t"

int
store_list_sessions(struct store *s, const struct store_session_filter *f,
    const struct store_session_page *page, gh_json **out, int64_t *next, struct gh_error *err)
{
	static const struct store_statement newest = {"session_list", PAGE("<", "DESC")},
					    oldest = {"session_list_oldest", PAGE(">", "ASC")};
	struct store_params p = {0};
	size_t n;
	int rc;

	store_put_int(&p, page->now);
	store_put_int(&p, page->idle);
	put_filter(&p, f);
	store_put_int(&p, page->after);
	store_put_int(&p, page->limit);
	rc = store_read_json(s, page->oldest_first ? &oldest : &newest, &p, out, err);
	if (next == NULL || rc != 0)
		return rc;
	*next = 0;
	n = gh_json_size(*out);
	if (n > 0 && n == (size_t)page->limit)
		(void)gh_json_int(gh_json_get(gh_json_at(*out, n - 1), "number"), next);
	return 0;
}

int
store_end_sessions(struct store *s, const struct store_session_filter *f,
    const struct store_session_end *how, int *ended, struct gh_error *err)
{
	/* $1-$5 which, $6-$11 actor of the audit rows, $12 their event */
	static const struct store_statement st = {"sessions_end",
	    "WITH o AS (DELETE FROM session WHERE " FITS("$1", "$2", "$3", "$4",
		"$5") " RETURNING id, name), "
		      "a AS (INSERT INTO audit (event, outcome, object, actor, actor_kind, app, address, request_id, detail) "
		      "  SELECT $12, 'success', 'session ' || " HANDLE
		      " || ' of ' || name, $6, $7::int, $8, $9, $10, $11 FROM o) "
		      "SELECT count(*) FROM o"};
	struct store_params p = {0};
	int64_t n;
	int rc;

	put_filter(&p, f);
	store_put_actor(&p, how->who, how->request_id, how->detail);
	store_put_text(&p, how->event);
	/* repeated after a loss, it ends those that are left */
	rc = store_read_int(s, &st, &p, &n, err);
	*ended = (int)n;
	return rc;
}

int
store_sweep_sessions(struct store *s, int64_t now, int idle, int *removed, struct gh_error *err)
{
	static const struct store_statement st = {"session_sweep",
	    "WITH old AS (SELECT id FROM session WHERE " IS_OVER
	    " LIMIT 1000 FOR UPDATE SKIP LOCKED), "
	    "n AS (DELETE FROM session WHERE id IN (SELECT id FROM old) RETURNING id) SELECT count(*) FROM n"};
	struct store_params p = {0};
	int64_t n;
	int rc;

	store_put_int(&p, now);
	store_put_int(&p, idle);
	rc = store_read_int(s, &st, &p, &n, err);
	*removed = (int)n;
	return rc;
}

int
store_count_ended_sessions(struct store *s, int64_t now, int idle, int64_t *n, struct gh_error *err)
{
	static const struct store_statement st = {"session_count_ended",
	    "SELECT count(*) FROM session WHERE " IS_OVER};
	struct store_params p = {0};

	store_put_int(&p, now);
	store_put_int(&p, idle);
	return store_read_int(s, &st, &p, n, err);
}
