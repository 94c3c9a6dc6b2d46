/* Keys and key requests as JSON. See key_list.h. */
#include <string.h>

#include "archived_key_private.h"
#include "buf.h"
#include "key_list.h"
#include "key_request_private.h"
#include "store/page_search.h"

#define LIMIT_MAX 1000
#define SQL_MAX 8192
#define WINDOW_INDEXED 1000000 /* ids that one statement looks through: an index finds all ... */
#define WINDOW_TWO 10000       /* ... or two do, and what they find is sorted ... */
#define WINDOW_ROWS 5000       /* ... or each row is looked at */

#define KEY_FIELDS \
	"k.uuid AS id, k.id AS row, CASE k.kind WHEN 1 THEN 'private_key' WHEN 2 THEN 'symmetric_key' ELSE 'passphrase' END " \
	"AS kind, nullif(k.algorithm, '') AS algorithm, nullif(k.bits, 0) AS bits, k.owner_name AS owner, " \
	"nullif(k.owner_id, '') AS owner_id, nullif(k.client_id, '') AS client_id, nullif(k.policy, '') AS policy, " \
	"k.certificate_id, encode(k.spki_sha256, 'hex') AS spki_sha256, k.state, iso_utc(k.forget_at) AS forget_at, " \
	"iso_utc(k.created_at) AS created_at, k.created_by, k.version"
/* States of a recovery that ended without the key, as the index key_request_ended has them. */
#define STORE_KEY_ENDED "'rejected', 'canceled', 'expired', 'failed'"

#define REQUEST_FIELDS \
	"r.id, r.type, " STORE_KEY_STATE \
	" AS state, (SELECT k.uuid FROM archived_key k WHERE k.id = r.key_id) AS key_id, " \
	"r.requester, nullif(r.requester_id, '') AS requester_id, r.comment, r.required, r.approvals AS approved, " \
	"greatest(r.required - r.approvals, 0) AS missing, r.is_signed AS signed, " \
	"encode(r.wrapping_sha256, 'hex') AS wrapping_sha256, iso_utc(r.expires_at) AS expires_at, " \
	"iso_utc(r.released_at) AS released_at, iso_utc(r.created_at) AS created_at, " \
	"iso_utc(r.resolved_at) AS resolved_at, r.resolved_by, r.resolution, r.version"

/* A statement that grows with what is asked for. Only fixed text gets into it. */
struct query {
	struct gh_buf sql;
	struct store_params p;
};

/* condition: '?' stands for the parameter that was put last. */
static void
put_condition(struct query *q, const char *condition)
{
	for (; *condition != '\0'; condition++)
		if (*condition == '?')
			gh_buf_putf(&q->sql, "$%d", q->p.n);
		else
			gh_buf_putc(&q->sql, *condition);
}

static void
put_text_filter(struct query *q, const char *condition, const char *value)
{
	if (value == NULL)
		return;
	store_put_text(&q->p, value);
	put_condition(q, condition);
}

static void
put_int_filter(struct query *q, const char *condition, int64_t value)
{
	if (value == 0)
		return;
	store_put_int(&q->p, value);
	put_condition(q, condition);
}

/* --- pages ------------------------------------------------------------------------------------ */

/* One of the two lists, as it is asked for. */
struct list {
	const char *fields, *from, *max;
	const char *id, *member; /* the number of a row: as a column, and in its JSON */
	void (*put)(struct query *q, const void *filter);
	const void *filter;
	bool newest_first;
};

/* $1 and $2: first and last id, $3 limit. */
static int
read_window(struct store *s, const void *arg, const struct store_window *w, gh_json **out,
    struct gh_error *err)
{
	const struct list *l = arg;
	struct query q = {0};

	store_put_int(&q.p, w->first);
	store_put_int(&q.p, w->last);
	store_put_int(&q.p, w->limit);
	gh_buf_init(&q.sql, SQL_MAX);
	gh_buf_putf(&q.sql,
	    "SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (SELECT %s FROM %s WHERE %s "
	    "BETWEEN $1::bigint AND $2::bigint",
	    l->fields, l->from, l->id);
	l->put(&q, l->filter);
	gh_buf_putf(&q.sql, " ORDER BY %s %s LIMIT $3::int) t", l->id,
	    l->newest_first ? "DESC" : "ASC");
	return store_read_composed(s, &q.sql, &q.p, out, err);
}

static int
largest_id(struct store *s, const char *sql, int64_t *out, struct gh_error *err)
{
	const struct store_statement st = {NULL, sql};
	struct store_params p = {0};

	return store_read_int(s, &st, &p, out, err);
}

static int
page(struct store *s, const struct list *l, int64_t after_id, int limit, int64_t window,
    gh_json **entries, int64_t *next, struct gh_error *err)
{
	struct store_search q = {.newest_first = l->newest_first,
	    .limit = limit,
	    .window = window,
	    .member = l->member,
	    .read = read_window,
	    .arg = l};
	int64_t max_id;
	int rc;

	*entries = NULL;
	*next = 0;
	if (limit < 1 || limit > LIMIT_MAX)
		return gh_fail(err, GH_E_INTERNAL, "limit %d", limit);
	if ((rc = largest_id(s, l->max, &max_id, err)) != 0)
		return rc;
	store_search_range(&q, after_id, max_id);
	return store_search(s, &q, entries, next, err);
}

/* --- keys ------------------------------------------------------------------------------------- */

static bool
is_inactive(const struct store_key_filter *f)
{
	return f->state != NULL && strcmp(f->state, "inactive") == 0;
}

static void
put_key_filter(struct query *q, const void *filter)
{
	const struct store_key_filter *f = filter;

	put_text_filter(q, " AND (lower(k.owner_name) = lower(?) OR k.owner = ?)", f->owner);
	if (f->owned_by != NULL) {
		put_text_filter(q, " AND k.owner = ?", store_key_identity(f->owned_by));
		put_int_filter(q, " AND k.owner_kind = ?::int", f->owned_by->kind);
	}
	put_text_filter(q, " AND k.client_id = ? AND k.client_id <> ''", f->client_id);
	put_text_filter(q, " AND k.policy = ?", f->policy);
	if (is_inactive(f)) /* a literal, so that the planner sees that the partial index will do */
		gh_buf_puts(&q->sql, " AND k.state = 'inactive'");
	else
		put_text_filter(q, " AND k.state = ?", f->state);
	put_int_filter(q,
	    " AND (k.certificate_id = ?::bigint OR "
	    "k.spki_sha256 = (SELECT c.spki_sha256 FROM certificate c WHERE c.id = ?::bigint))",
	    f->certificate_id);
	put_int_filter(q, " AND k.created_at >= to_timestamp(?::bigint)", f->created_from);
	put_int_filter(q, " AND k.created_at < to_timestamp(?::bigint)", f->created_to);
}

static int64_t
key_window(const struct store_key_filter *f)
{
	if (f->client_id != NULL || f->certificate_id != 0 || is_inactive(f))
		return WINDOW_INDEXED;
	if (f->owner != NULL || f->owned_by != NULL)
		return WINDOW_TWO;
	return f->policy != NULL || f->state != NULL || f->created_from != 0 || f->created_to != 0
	    ? WINDOW_ROWS
	    : WINDOW_INDEXED;
}

int
store_list_keys(struct store *s, const struct store_key_filter *f, gh_json **entries, int64_t *next,
    struct gh_error *err)
{
	const struct list l = {.fields = KEY_FIELDS,
	    .from = "archived_key k",
	    .max = "SELECT coalesce(max(id), 0) FROM archived_key",
	    .id = "k.id",
	    .member = "row",
	    .put = put_key_filter,
	    .filter = f,
	    .newest_first = f->newest_first};

	return page(s, &l, f->after_id, f->limit, key_window(f), entries, next, err);
}

/* Releases p. */
static int
show(struct store *s, const struct store_statement *st, struct store_params *p, const char *what,
    gh_json **out, struct gh_error *err)
{
	int rc = store_read_json(s, st, p, out, err);

	return rc == 0 && *out == NULL
	    ? gh_refuse(err, GH_E_NOT_FOUND, "There is no such %s.", what)
	    : rc;
}

int
store_show_key(struct store *s, int64_t row, gh_json **out, struct gh_error *err)
{
	static const struct store_statement st = {"key_show",
	    "SELECT row_to_json(t) FROM (SELECT " KEY_FIELDS
	    " FROM archived_key k WHERE k.id = $1::bigint) t"};
	struct store_params p = {0};

	store_put_int(&p, row);
	return show(s, &st, &p, "key", out, err);
}

/* --- key requests ----------------------------------------------------------------------------- */

static bool
is_open(const char *state)
{
	return strcmp(state, "pending") == 0 || strcmp(state, "approved") == 0;
}

/* Literals beside what partial indexes hold: what is open, and what ended without the key. What has
 * expired may still be written there as open. */
static void
put_state(struct query *q, const char *state)
{
	if (state == NULL)
		return;
	if (is_open(state)) {
		gh_buf_puts(&q->sql,
		    " AND r.state IN ('pending', 'approved') AND r.expires_at > clock_timestamp()");
		put_text_filter(q, " AND r.state = ?", state);
	} else if (strcmp(state, "expired") == 0) {
		gh_buf_puts(&q->sql,
		    " AND (r.state = 'expired' OR (r.state IN ('pending', 'approved') "
		    "AND r.expires_at <= clock_timestamp()))");
	} else if (strcmp(state, "complete") == 0) {
		gh_buf_puts(&q->sql, " AND r.state = 'complete'");
	} else {
		put_text_filter(q, " AND r.state IN (" STORE_KEY_ENDED ") AND r.state = ?", state);
	}
}

static void
put_type(struct query *q, const char *type)
{
	put_text_filter(q, " AND r.type = ?", type);
	if (type != NULL && strcmp(type, "archival") != 0)
		gh_buf_puts(&q->sql, " AND r.type <> 'archival'");
}

static void
put_concerns(struct query *q, const struct requester *who)
{
	if (who == NULL)
		return;
	store_put_int(&q->p, who->kind);
	store_put_text(&q->p, store_key_identity(who));
	gh_buf_putf(&q->sql,
	    " AND ((r.requester_kind = $%d::int AND coalesce(nullif(r.requester_id, ''), r.requester) = $%d) "
	    "OR r.key_id = ANY (ARRAY(SELECT k.id FROM archived_key k WHERE k.owner = $%d AND "
	    "k.owner_kind = $%d::int)))",
	    q->p.n - 1, q->p.n, q->p.n, q->p.n - 1);
}

static void
put_request_filter(struct query *q, const void *filter)
{
	const struct store_key_request_filter *f = filter;

	put_state(q, f->state);
	put_type(q, f->type);
	put_text_filter(q,
	    " AND r.key_id = (SELECT k.id FROM archived_key k WHERE k.uuid = ?::text::uuid)",
	    f->key_id);
	put_text_filter(q, " AND lower(r.requester) = lower(?)", f->requester);
	put_concerns(q, f->concerns);
	put_int_filter(q, " AND r.created_at >= to_timestamp(?::bigint)", f->created_from);
	put_int_filter(q, " AND r.created_at < to_timestamp(?::bigint)", f->created_to);
}

static int64_t
request_window(const struct store_key_request_filter *f)
{
	bool is_rare = (f->state != NULL && strcmp(f->state, "complete") != 0) ||
	    (f->type != NULL && strcmp(f->type, "archival") != 0);

	if (is_rare || f->key_id != NULL || f->requester != NULL)
		return WINDOW_INDEXED;
	if (f->concerns != NULL)
		return WINDOW_TWO;
	return f->state != NULL || f->type != NULL || f->created_from != 0 || f->created_to != 0
	    ? WINDOW_ROWS
	    : WINDOW_INDEXED;
}

int
store_list_key_requests(struct store *s, const struct store_key_request_filter *f,
    gh_json **entries, int64_t *next, struct gh_error *err)
{
	const struct list l = {.fields = REQUEST_FIELDS,
	    .from = "key_request r",
	    .max = "SELECT coalesce(max(id), 0) FROM key_request",
	    .id = "r.id",
	    .member = "id",
	    .put = put_request_filter,
	    .filter = f,
	    .newest_first = f->newest_first};

	return page(s, &l, f->after_id, f->limit, request_window(f), entries, next, err);
}

int
store_show_key_request(struct store *s, int64_t id, gh_json **out, struct gh_error *err)
{
	static const struct store_statement st = {"key_request_show",
	    "SELECT row_to_json(t) FROM (SELECT " REQUEST_FIELDS
	    ", (SELECT coalesce(json_agg(row_to_json(v)), '[]') FROM (SELECT agent, comment, signature IS NOT NULL AS signed, "
	    "iso_utc(at) AS at FROM key_approval a WHERE a.request_id = r.id ORDER BY a.at, a.agent_id) v) AS approvals "
	    "FROM key_request r WHERE r.id = $1::bigint) t"};
	struct store_params p = {0};

	store_put_int(&p, id);
	return show(s, &st, &p, "key request", out, err);
}
