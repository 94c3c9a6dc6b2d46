/* Pages of the audit trail for people and programs. Each filter has an index, except for what
 * nearly every row is (enroll.issued, success), and for the object. Two filters that are both
 * frequent and never meet are looked for window by window, for a bounded time. */
#include <string.h>

#include "buf.h"

#include "store/page_search.h"
#include "store/store_private.h"
#include "audit_seal_row.h"

#define WINDOW 50000              /* ids that one statement looks through */
#define WINDOW_ONE_FILTER 1000000 /* the same where an index finds all that is asked for */

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
	if (f->object != NULL) {
		store_put_text(p, f->object);
		gh_buf_putf(b, " AND a.object = $%d", p->n);
	}
	gh_buf_putf(b, " ORDER BY a.id %s LIMIT $3::int) t", order);
}

static int
read_window(struct store *s, const void *arg, const struct store_window *w, gh_json **out,
    struct gh_error *err)
{
	struct store_params p = {0};
	struct gh_buf b;

	store_put_int(&p, w->first);
	store_put_int(&p, w->last);
	store_put_int(&p, w->limit);
	gh_buf_init(&b, SQL_MAX);
	build_query(&b, &p, arg);
	return store_read_composed(s, &b, &p, out, err);
}

int
store_audit_page(struct store *s, const struct store_audit_filter *f, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	int filters = (f->event != NULL) + (f->actor != NULL) + (f->outcome != NULL);
	struct store_search q = {.newest_first = f->newest_first,
	    .limit = f->limit,
	    .window = filters == 1 && f->object == NULL ? WINDOW_ONE_FILTER : WINDOW,
	    .read = read_window,
	    .arg = f};
	int64_t max_id;
	int rc = store_audit_extent(s, &max_id, err);

	*next = 0;
	*entries = NULL;
	if (rc != 0)
		return rc;
	store_search_range(&q, f->after_id, max_id);
	if (!f->newest_first && f->until_id > 0 && f->until_id < max_id)
		q.end = f->until_id;
	return store_search(s, &q, entries, next, err);
}
