/* Keys and key requests as JSON. See key_list.h. */
#include <string.h>

#include "archived_key_private.h"
#include "buf.h"
#include "key_list.h"
#include "key_request_private.h"

#define LIMIT_MAX 1000
#define SQL_MAX 8192

#define KEY_FIELDS \
	"k.uuid AS id, k.id AS row, CASE k.kind WHEN 1 THEN 'private_key' WHEN 2 THEN 'symmetric_key' ELSE 'passphrase' END " \
	"AS kind, nullif(k.algorithm, '') AS algorithm, nullif(k.bits, 0) AS bits, k.owner_name AS owner, " \
	"nullif(k.owner_id, '') AS owner_id, nullif(k.client_id, '') AS client_id, nullif(k.policy, '') AS policy, " \
	"k.certificate_id, encode(k.spki_sha256, 'hex') AS spki_sha256, k.state, iso_utc(k.forget_at) AS forget_at, " \
	"iso_utc(k.created_at) AS created_at, k.created_by, k.version"
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

/* id of the last row, when there are more. */
static int64_t
next_of(const gh_json *entries, int limit, const char *member)
{
	size_t n = gh_json_size(entries);
	int64_t id;

	if (n < (size_t)limit || !gh_json_int(gh_json_get(gh_json_at(entries, n - 1), member), &id))
		return 0;
	return id;
}

/* Ends the statement with order and limit; runs and releases it. */
static int
run(struct store *s, struct query *q, const char *id, int limit, gh_json **out,
    struct gh_error *err)
{
	struct store_statement st = {NULL, NULL};
	PGresult *res = NULL;
	int rc;

	store_put_int(&q->p, limit);
	gh_buf_putf(&q->sql, " ORDER BY %s LIMIT $%d::int) t", id, q->p.n);
	if ((rc = gh_buf_check(&q->sql, err)) == 0) {
		st.sql = (char *)q->sql.data;
		rc = store_read(s, &st, &q->p, &res, err);
	}
	if (rc == 0)
		rc = store_json(res, 0, 0, out, err);
	PQclear(res);
	store_params_clear(&q->p);
	gh_buf_free(&q->sql);
	return rc;
}

static int
begin(struct query *q, const char *fields, const char *table, int limit, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	*entries = NULL;
	*next = 0;
	memset(q, 0, sizeof(*q));
	if (limit < 1 || limit > LIMIT_MAX)
		return gh_fail(err, GH_E_INTERNAL, "limit %d", limit);
	gh_buf_init(&q->sql, SQL_MAX);
	gh_buf_putf(&q->sql,
	    "SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (SELECT %s FROM %s WHERE true",
	    fields, table);
	return 0;
}

int
store_list_keys(struct store *s, const struct store_key_filter *f, gh_json **entries, int64_t *next,
    struct gh_error *err)
{
	struct query q;
	int rc = begin(&q, KEY_FIELDS, "archived_key k", f->limit, entries, next, err);

	if (rc != 0)
		return rc;
	put_int_filter(&q, " AND k.id > ?::bigint", f->after_id);
	put_text_filter(&q, " AND (lower(k.owner_name) = lower(?) OR k.owner = ?)", f->owner);
	if (f->owned_by != NULL) {
		put_text_filter(&q, " AND k.owner = ?", store_key_identity(f->owned_by));
		put_int_filter(&q, " AND k.owner_kind = ?::int", f->owned_by->kind);
	}
	put_text_filter(&q, " AND k.client_id = ?", f->client_id);
	put_text_filter(&q, " AND k.policy = ?", f->policy);
	if (f->state != NULL && strcmp(f->state, "inactive") == 0)
		gh_buf_puts(&q.sql, " AND k.state = 'inactive'");
	else
		put_text_filter(&q, " AND k.state = ?", f->state);
	put_int_filter(&q,
	    " AND (k.certificate_id = ?::bigint OR "
	    "k.spki_sha256 = (SELECT c.spki_sha256 FROM certificate c WHERE c.id = ?::bigint))",
	    f->certificate_id);
	put_int_filter(&q, " AND k.created_at >= to_timestamp(?::bigint)", f->created_from);
	put_int_filter(&q, " AND k.created_at < to_timestamp(?::bigint)", f->created_to);
	if ((rc = run(s, &q, "k.id", f->limit, entries, err)) == 0)
		*next = next_of(*entries, f->limit, "row");
	return rc;
}

/* What is open is in an index of its own; what has expired is still written there as open. */
static void
put_state(struct query *q, const char *state)
{
	if (state == NULL)
		return;
	if (strcmp(state, "pending") == 0 || strcmp(state, "approved") == 0) {
		gh_buf_puts(&q->sql,
		    " AND r.state IN ('pending', 'approved') AND r.expires_at > clock_timestamp()");
		put_text_filter(q, " AND r.state = ?", state);
	} else {
		put_text_filter(q, " AND " STORE_KEY_STATE " = ?", state);
	}
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
	    "OR EXISTS (SELECT FROM archived_key k WHERE k.id = r.key_id AND k.owner_kind = $%d::int "
	    "AND k.owner = $%d))",
	    q->p.n - 1, q->p.n, q->p.n - 1, q->p.n);
}

int
store_list_key_requests(struct store *s, const struct store_key_request_filter *f,
    gh_json **entries, int64_t *next, struct gh_error *err)
{
	struct query q;
	int rc = begin(&q, REQUEST_FIELDS, "key_request r", f->limit, entries, next, err);

	if (rc != 0)
		return rc;
	put_int_filter(&q, " AND r.id > ?::bigint", f->after_id);
	put_state(&q, f->state);
	put_text_filter(&q, " AND r.type = ?", f->type);
	put_text_filter(&q,
	    " AND r.key_id = (SELECT k.id FROM archived_key k WHERE k.uuid = ?::text::uuid)",
	    f->key_id);
	put_text_filter(&q, " AND lower(r.requester) = lower(?)", f->requester);
	put_concerns(&q, f->concerns);
	put_int_filter(&q, " AND r.created_at >= to_timestamp(?::bigint)", f->created_from);
	put_int_filter(&q, " AND r.created_at < to_timestamp(?::bigint)", f->created_to);
	if ((rc = run(s, &q, "r.id", f->limit, entries, err)) == 0)
		*next = next_of(*entries, f->limit, "id");
	return rc;
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
	PGresult *res;
	int rc;

	*out = NULL;
	store_put_int(&p, id);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	rc = PQntuples(res) == 1 ? store_json(res, 0, 0, out, err)
				 : gh_refuse(err, GH_E_NOT_FOUND, "There is no such key request.");
	PQclear(res);
	return rc;
}
