/* Pages of the audit trail for people and programs. Only the primary key is searched: an index for each filter would
 * cost every enrollment. So a rare event is looked for window by window, for a bounded time. */
#include <string.h>

#include "timestamp.h"

#include "store/store_private.h"
#include "store/seal.h"

#define WINDOW 50000                     /* ids that one statement looks through */
#define SEARCH_US 2000000                /* of one call */

#define ENTRY \
	"a.id, to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS time, a.event, a.outcome, " \
	"a.actor, a.actor_kind, a.app, a.address, a.request_id, a.object, a.detail, " \
	"(SELECT l.seal_id FROM audit_leaf l WHERE l.audit_id = a.id) AS seal"
/* $1 and $2: first and last id; $3 limit; $4 event, $5 actor, $6 outcome */
#define FROM \
	"FROM audit a WHERE a.id BETWEEN $1::bigint AND $2::bigint AND ($4::text IS NULL OR a.event = $4) " \
	"AND ($5::text IS NULL OR lower(a.actor) = lower($5)) AND ($6::text IS NULL OR a.outcome = $6) "

static int
read_window(struct store *s, const struct store_audit_filter *f, int64_t first, int64_t last, int limit,
    gh_json **out, struct gh_error *err)
{
	static const struct store_statement up = { "audit_page_up",
	    "SELECT coalesce(json_agg(row_to_json(t) ORDER BY t.id), '[]') FROM (SELECT " ENTRY " " FROM
	    "ORDER BY a.id LIMIT $3::int) t" };
	static const struct store_statement down = { "audit_page_down",
	    "SELECT coalesce(json_agg(row_to_json(t) ORDER BY t.id DESC), '[]') FROM (SELECT " ENTRY " " FROM
	    "ORDER BY a.id DESC LIMIT $3::int) t" };
	struct store_params p = { 0 };
	PGresult *res;
	int rc;

	*out = NULL;
	store_put_int(&p, first);
	store_put_int(&p, last);
	store_put_int(&p, limit);
	store_put_text(&p, f->event);
	store_put_text(&p, f->actor);
	store_put_text(&p, f->outcome);
	rc = store_read(s, f->newest_first ? &down : &up, &p, &res, err);
	if (rc == 0)
		rc = store_json(res, 0, 0, out, err);
	PQclear(res);
	return rc;
}

static int
append_all(gh_json *to, const gh_json *from, int64_t *last_id, struct gh_error *err)
{
	for (size_t i = 0; i < gh_json_size(from); i++) {
		gh_json *row = gh_json_at(from, i);

		if (!gh_json_int(gh_json_get(row, "id"), last_id) || gh_json_append(to, gh_json_ref(row)) != 0)
			return gh_fail(err, GH_E_NOMEM, "audit page");
	}
	return 0;
}

struct search {
	int64_t at, end;                 /* next id to look at, and the last one there is, in the direction */
	int64_t last_id;                 /* of what was found */
};

/* The next window; *full: the page is. */
static int
search_window(struct store *s, const struct store_audit_filter *f, struct search *w, gh_json *entries, bool *full,
    struct gh_error *err)
{
	int64_t edge = f->newest_first ? w->at - (WINDOW - 1) : w->at + (WINDOW - 1);
	int limit = f->limit - (int)gh_json_size(entries);
	gh_json *found;
	int rc;

	if (f->newest_first ? edge < w->end : edge > w->end)
		edge = w->end;
	rc = read_window(s, f, f->newest_first ? edge : w->at, f->newest_first ? w->at : edge, limit, &found, err);
	if (rc == 0)
		rc = append_all(entries, found, &w->last_id, err);
	gh_json_free(found);
	*full = rc == 0 && (int)gh_json_size(entries) == f->limit;
	w->at = f->newest_first ? edge - 1 : edge + 1;
	return rc;
}

static bool
is_behind(const struct store_audit_filter *f, const struct search *w)
{
	return f->newest_first ? w->at < w->end : w->at > w->end;
}

int
store_audit_page(struct store *s, const struct store_audit_filter *f, gh_json **entries, int64_t *next,
    struct gh_error *err)
{
	int64_t until = gh_now_us() + SEARCH_US, max_id;
	struct search w = {0};
	bool full = false;
	int rc = store_audit_extent(s, &max_id, err);

	*next = 0;
	*entries = NULL;
	if (rc != 0)
		return rc;
	if (f->newest_first) {
		w.at = f->after_id > 0 && f->after_id <= max_id ? f->after_id - 1 : max_id;
		w.end = 1;
	} else {
		w.at = f->after_id < max_id ? f->after_id + 1 : max_id + 1;
		w.end = f->until_id > 0 && f->until_id < max_id ? f->until_id : max_id;
	}
	if ((*entries = gh_json_new_array()) == NULL)
		return gh_fail(err, GH_E_NOMEM, "audit page");
	while (rc == 0 && !full && !is_behind(f, &w) && gh_now_us() < until)
		rc = search_window(s, f, &w, *entries, &full, err);
	if (rc == 0 && full)
		*next = w.last_id == w.end ? 0 : w.last_id;
	else if (rc == 0 && !is_behind(f, &w))
		*next = f->newest_first ? w.at + 1 : w.at - 1;
	if (rc != 0) {
		gh_json_free(*entries);
		*entries = NULL;
	}
	return rc;
}
