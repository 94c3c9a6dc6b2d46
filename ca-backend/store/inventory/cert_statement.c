/* Statements for pages of the inventory. See cert_statement.h. */
#include "store/cert_columns.h"
#include "store/store_private.h"

#include "cert_field.h"
#include "cert_narrow.h"
#include "cert_statement.h"

#define SQL_MAX (256 * 1024)
#define FIELD_NAME "$5::text"

/* expr, id: an index has them in this order. */
static const struct sort {
	const char *expr;
	const char *key;   /* of a row, as text */
	const char *value; /* of $1, which is that text */
} sorts[] = {
    [CERT_BY_ID] = {NULL, "NULL::text", NULL},
    [CERT_BY_NOT_AFTER] = {"not_after", "((extract(epoch FROM not_after) * 1000000)::bigint)::text",
	"timestamptz 'epoch' + $1::bigint * interval '1 microsecond'"},
    [CERT_BY_SUBJECT] = {"lower(left(subject, 200)) COLLATE \"C\"", "lower(left(subject, 200))",
	"$1::text COLLATE \"C\""},
    [CERT_BY_REQUESTER] = {"lower(requester)", "lower(requester)", "$1::text"},
    [CERT_BY_SERIAL] = {"serial", "encode(serial, 'hex')", "decode($1::text, 'hex')"},
    [CERT_BY_TEMPLATE] = {CERT_TEMPLATE_KEY, CERT_TEMPLATE_KEY, "$1::text"},
};

/* A statement that is put together: $1 and $2 are the place that it begins behind, $3 and $4 rows
 * and limit, $5 the name of the field that the order is by. */
struct query {
	const struct store_cert_filter *f;
	const struct cert_window *w;
	const struct sort *sort;
	struct sort of_field;
	/* All have this value of a field, and follow their ids: along the index of the field, which
	 * the planner would take that of ids for where it thinks that there are many. */
	const struct cert_node *value;
	char expr[CERT_FIELD_EXPR_MAX], key[CERT_FIELD_EXPR_MAX + 8];
	bool descending; /* as it is read */
	struct gh_buf b;
	struct store_params p;
};

/* Those of a view that has no more than its owner's stand together in the index by his name. */
static bool
is_own_alone(const struct store_cert_filter *f)
{
	return f->view != NULL && !f->view->is_all && f->view->reach == NULL;
}

/* That of its index. */
static void
sort_by_field(struct query *q, const char *field, bool is_number)
{
	struct gh_buf b;

	store_put_text(&q->p, field);
	gh_buf_init(&b, sizeof(q->expr));
	cert_field_put_expr(&b, is_number, FIELD_NAME);
	q->p.failed |= b.failed;
	snprintf(q->expr, sizeof(q->expr), "%s", b.failed ? "" : (const char *)b.data);
	snprintf(q->key, sizeof(q->key), "%s::text", q->value == NULL ? q->expr : "NULL");
	gh_buf_free(&b);
	q->of_field = (struct sort){.expr = q->expr,
	    .key = q->key,
	    .value = is_number ? "$1::numeric" : "$1::text COLLATE \"C\""};
	q->sort = &q->of_field;
}

static void
begin(struct query *q, const struct store_cert_filter *f, const struct cert_window *w)
{
	*q = (struct query){.f = f,
	    .w = w,
	    .sort = f->field == NULL ? &sorts[f->sort] : NULL,
	    .descending = f->descending != f->backwards};
	gh_buf_init(&q->b, SQL_MAX);
	store_put_text(&q->p, w->from != NULL ? w->from->key : NULL);
	store_put_int(&q->p, w->from != NULL ? w->from->id : 0);
	store_put_int(&q->p, w->rows);
	store_put_int(&q->p, w->limit);
	if (f->sort == CERT_BY_ID && f->condition != NULL && !is_own_alone(f))
		q->value = cert_narrow_value(f->condition);
	if (q->value != NULL)
		sort_by_field(q, q->value->part, q->value->type == CERT_NUMBER);
	else if (f->field != NULL)
		sort_by_field(q, f->field, f->sort == CERT_BY_NUMBER_FIELD);
}

/* Not "=": the order would be taken for that of ids. */
static void
put_start_of_value(struct query *q)
{
	const char *to = q->descending ? ">=" : "<=";

	gh_buf_putf(&q->b, "($1::text IS NULL AND $2::bigint >= 0 AND (%s%s) %s (", q->expr,
	    q->w->from != NULL ? ", id" : "",
	    q->w->from == NULL  ? (q->descending ? "<=" : ">=")
		: q->descending ? "<"
				: ">");
	cert_field_put_value(&q->b, &q->p, q->value);
	gh_buf_putf(&q->b, "%s) AND %s %s ", q->w->from != NULL ? ", $2::bigint" : "", q->expr, to);
	cert_field_put_value(&q->b, &q->p, q->value);
	gh_buf_putc(&q->b, ')');
}

/* Each parameter is named, so that its type is known, whatever else is asked. */
static void
put_start(struct query *q)
{
	char op = q->descending ? '<' : '>';

	if (q->value != NULL)
		put_start_of_value(q);
	else if (q->w->from == NULL)
		gh_buf_puts(&q->b, "($1::text IS NULL AND $2::bigint = 0)");
	else if (q->sort->expr == NULL)
		gh_buf_putf(&q->b, "($1::text IS NULL AND id %c $2::bigint)", op);
	else
		gh_buf_putf(&q->b, "(%s, id) %c (%s, $2::bigint)", q->sort->expr, op,
		    q->sort->value);
}

static void
put_order(struct query *q)
{
	const char *order = q->descending ? "DESC" : "ASC";

	gh_buf_puts(&q->b, " ORDER BY ");
	if (q->sort->expr != NULL)
		gh_buf_putf(&q->b, "%s %s, ", q->sort->expr, order);
	gh_buf_putf(&q->b, "id %s", order);
}

static bool
is_narrow_view(const struct store_cert_filter *f)
{
	return f->view != NULL && cert_view_is_narrow(f->view);
}

/* All that is asked. */
static void
put_condition(struct query *q)
{
	if (q->f->condition != NULL) {
		gh_buf_puts(&q->b, " AND ");
		cert_filter_put(&q->b, &q->p, q->f->condition);
	}
	if (q->f->view != NULL)
		cert_view_put(&q->b, &q->p, q->f->view);
}

/* What an index of the order has before it, or bounds it by; false: nothing. */
static bool
driver_of(enum cert_sort sort, enum cert_narrow *how)
{
	*how = sort == CERT_BY_ID      ? CERT_NARROW_BY_ID
	    : sort == CERT_BY_TEMPLATE ? CERT_NARROW_BY_TEMPLATE
				       : CERT_NARROW_BY_NOT_AFTER;
	return sort == CERT_BY_ID || sort == CERT_BY_NOT_AFTER || sort == CERT_BY_TEMPLATE;
}

static bool
has_driver(const struct store_cert_filter *f)
{
	enum cert_narrow how;

	if (f->field != NULL)
		return f->condition != NULL && cert_field_bounds(f->condition, f->field);
	return driver_of(f->sort, &how) &&
	    ((is_own_alone(f) && f->sort == CERT_BY_ID) ||
		(f->condition != NULL && cert_is_narrow(f->condition, how)));
}

static void
put_driver(struct query *q)
{
	enum cert_narrow how;

	if (q->f->field != NULL && has_driver(q->f))
		cert_field_put_bounds(&q->b, &q->p, q->f->condition, q->f->field);
	if (q->value != NULL || !driver_of(q->f->sort, &how))
		return;
	if (is_own_alone(q->f) && q->f->sort == CERT_BY_ID)
		cert_view_put_narrow(&q->b, &q->p, q->f->view);
	else if (q->f->condition != NULL && cert_is_narrow(q->f->condition, how)) {
		gh_buf_puts(&q->b, " AND ");
		cert_narrow_put(&q->b, &q->p, q->f->condition, how);
	}
}

/* The rows of "certificate", which is put by `put_rows`. */
static void
put_entries(struct query *q, void (*put_rows)(struct query *q))
{
	gh_buf_putf(&q->b,
	    "'entries', (SELECT coalesce(json_agg(json_build_array(row, k, i)), '[]') FROM (SELECT "
	    "(SELECT row_to_json(f) FROM (SELECT " CERT_FIELDS
	    ", (SELECT ca.name FROM ca WHERE ca.id = ca_id) AS ca, " CERT_ISSUER
	    " AS issuer) f) AS row, %s AS k, id AS i "
	    "FROM (",
	    q->sort->key);
	put_rows(q);
	put_order(q);
	gh_buf_puts(&q->b, " LIMIT $4::int) certificate" CERT_JOIN);
	put_order(q);
	gh_buf_puts(&q->b, ") t)");
}

static int
run(struct query *q, struct store *s, gh_json **out, struct gh_error *err)
{
	const gh_json *entries;
	int rc = store_read_composed(s, &q->b, &q->p, out, err);

	if (rc != 0)
		return rc;
	entries = gh_json_get(*out, "entries");
	for (size_t i = 0; i < gh_json_size(entries) && rc == 0; i++)
		rc = store_name_reason(gh_json_at(gh_json_at(entries, i), 0), err);
	if (rc != 0) {
		gh_json_free(*out);
		*out = NULL;
	}
	return rc;
}

/* ---- along an index ---- */

/* "w" are the next rows, and whether they fit, "f" the first of them that do. PostgreSQL reads w
 * once, in its order, and only as far as it is asked for: where f is full, not to its end. What
 * fits is told above LIMIT, so that the planner knows how few rows it is asked about, and looks up
 * what the condition has of other tables row by row. */
static void
put_window(struct query *q)
{
	gh_buf_putf(&q->b, "WITH w AS MATERIALIZED (SELECT id, %s AS k, (true", q->sort->key);
	put_condition(q);
	gh_buf_puts(&q->b, ") AS fits FROM (SELECT * FROM certificate WHERE ");
	put_start(q);
	put_driver(q);
	put_order(q);
	gh_buf_puts(&q->b,
	    " LIMIT $3::int) certificate), "
	    "f AS MATERIALIZED (SELECT id FROM w WHERE fits LIMIT $4::int) ");
}

static void
put_fitting(struct query *q)
{
	gh_buf_puts(&q->b, "SELECT certificate.* FROM f JOIN certificate USING (id)");
}

int
cert_read_window(struct store *s, const struct store_cert_filter *f, const struct cert_window *w,
    gh_json **out, struct gh_error *err)
{
	struct query q;

	begin(&q, f, w);
	put_window(&q);
	gh_buf_puts(&q.b, "SELECT json_build_object(");
	put_entries(&q, put_fitting);
	gh_buf_puts(&q.b,
	    ", 'edge', CASE WHEN (SELECT count(*) FROM f) < $4::int THEN (SELECT json_build_array(k, id) FROM w OFFSET $3::int - 1 LIMIT 1) END)");
	return run(&q, s, out, err);
}

/* ---- whatever an index finds ---- */

bool
cert_filter_is_bounded(const struct store_cert_filter *f)
{
	return has_driver(f) && (f->condition == NULL || !cert_is_narrow_by_one(f->condition));
}

/* Not where the order goes along the only test that an index knows. */
bool
cert_filter_is_narrow(const struct store_cert_filter *f)
{
	enum cert_narrow how;

	if (f->field != NULL && has_driver(f))
		return is_narrow_view(f) || cert_is_narrow_beside_field(f->condition, f->field);
	if (has_driver(f) && driver_of(f->sort, &how))
		return (is_narrow_view(f) && !(is_own_alone(f) && f->sort == CERT_BY_ID)) ||
		    (f->condition != NULL && cert_is_narrow_beside(f->condition, how));
	return is_narrow_view(f) ||
	    (f->condition != NULL && cert_is_narrow(f->condition, CERT_NARROW_ANY));
}

static void
put_found(struct query *q)
{
	gh_buf_puts(&q->b, "SELECT * FROM m AS certificate WHERE ");
	put_start(q);
	put_condition(q);
}

int
cert_read_narrow(struct store *s, const struct store_cert_filter *f, const struct cert_window *w,
    gh_json **out, struct gh_error *err)
{
	struct query q;

	begin(&q, f, w);
	gh_buf_puts(&q.b, "WITH m AS MATERIALIZED (SELECT * FROM certificate WHERE true");
	if (is_narrow_view(f))
		cert_view_put_narrow(&q.b, &q.p, f->view);
	if (f->condition != NULL && cert_is_narrow(f->condition, CERT_NARROW_ANY)) {
		gh_buf_puts(&q.b, " AND ");
		cert_narrow_put(&q.b, &q.p, f->condition, CERT_NARROW_ANY);
	}
	gh_buf_puts(&q.b, " LIMIT $3::int + 1) SELECT json_build_object(");
	put_entries(&q, put_found);
	gh_buf_puts(&q.b, ", 'found', (SELECT count(*) FROM m))");
	return run(&q, s, out, err);
}
