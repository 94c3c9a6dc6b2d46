/* Pages of the audit trail for people and programs. Each filter has an index, except for what
 * nearly every row is (enroll.issued, success). Two filters that are both frequent and never meet
 * are looked for window by window, for a bounded time. */
#include <string.h>

#include "buf.h"
#include "timestamp.h"

#include "store/store_private.h"
#include "audit_seal_row.h"

#define WINDOW 50000              /* ids that one statement looks through */
#define WINDOW_ONE_FILTER 1000000 /* the same where an index finds all that is asked for */
#define SEARCH_US 2000000         /* of one call */

#define ENTRY \
	"a.id, to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS time, a.event, a.outcome, " \
	"a.actor, a.actor_kind, a.app, a.address, a.request_id, a.object, a.detail, " \
	"(SELECT l.seal_id FROM audit_leaf l WHERE l.audit_id = a.id) AS seal"
#define SQL_MAX 2048

/* $1 and $2: first and last id, $3 limit. Only what is asked for, so that the planner sees which
 * index will do. */
static void
build_query(struct gh_buf *b, struct store_params *p, const struct store_audit_filter *f)
{
	const char *order = f->newest_first ? "DESC" : "ASC";

	gh_buf_puts(b,
	    "SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (SELECT " ENTRY
	    " FROM audit a WHERE a.id BETWEEN $1::bigint AND $2::bigint");
	if (f->event != NULL) {
		store_put_text(p, f->event);
		gh_buf_putf(b, " AND a.event = $%d", p->n);
		if (strcmp(f->event, "enroll.issued") != 0)
			gh_buf_puts(b, " AND a.event <> 'enroll.issued'");
	}
	if (f->actor != NULL) {
		store_put_text(p, f->actor);
		gh_buf_putf(b, " AND lower(a.actor) = lower($%d)", p->n);
	}
	if (f->outcome != NULL && strcmp(f->outcome, "failure") == 0) {
		gh_buf_puts(b, " AND a.outcome = 'failure'");
	} else if (f->outcome != NULL) {
		store_put_text(p, f->outcome);
		gh_buf_putf(b, " AND a.outcome = $%d", p->n);
	}
	gh_buf_putf(b, " ORDER BY a.id %s LIMIT $3::int) t", order);
}

static int
read_window(struct store *s, const struct store_audit_filter *f, int64_t first, int64_t last,
    int limit, gh_json **out, struct gh_error *err)
{
	struct store_statement st = {NULL, NULL};
	struct store_params p = {0};
	PGresult *res = NULL;
	struct gh_buf b;
	int rc;

	*out = NULL;
	store_put_int(&p, first);
	store_put_int(&p, last);
	store_put_int(&p, limit);
	gh_buf_init(&b, SQL_MAX);
	build_query(&b, &p, f);
	if ((rc = gh_buf_check(&b, err)) == 0) {
		st.sql = (char *)b.data;
		rc = store_read(s, &st, &p, &res, err);
	}
	if (rc == 0)
		rc = store_json(res, 0, 0, out, err);
	store_params_clear(&p);
	gh_buf_free(&b);
	PQclear(res);
	return rc;
}

static int
append_all(gh_json *to, const gh_json *from, int64_t *last_id, struct gh_error *err)
{
	for (size_t i = 0; i < gh_json_size(from); i++) {
		gh_json *row = gh_json_at(from, i);

		if (!gh_json_int(gh_json_get(row, "id"), last_id) ||
		    gh_json_append(to, gh_json_ref(row)) != 0)
			return gh_fail(err, GH_E_NOMEM, "audit page");
	}
	return 0;
}

struct search {
	int64_t at, end; /* next id to look at, and the last one there is, in the direction */
	int64_t last_id; /* of what was found */
};

/* The next window; *full: the page is. */
static int
search_window(struct store *s, const struct store_audit_filter *f, struct search *w,
    gh_json *entries, bool *full, struct gh_error *err)
{
	int filters = (f->event != NULL) + (f->actor != NULL) + (f->outcome != NULL),
	    window = filters == 1 ? WINDOW_ONE_FILTER : WINDOW;
	int64_t edge = f->newest_first ? w->at - (window - 1) : w->at + (window - 1);
	int limit = f->limit - (int)gh_json_size(entries);
	gh_json *found;
	int rc;

	if (f->newest_first ? edge < w->end : edge > w->end)
		edge = w->end;
	rc = read_window(s, f, f->newest_first ? edge : w->at, f->newest_first ? w->at : edge,
	    limit, &found, err);
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
store_audit_page(struct store *s, const struct store_audit_filter *f, gh_json **entries,
    int64_t *next, struct gh_error *err)
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
