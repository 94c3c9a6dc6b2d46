/* Pages of the inventory, looked for in windows of ids (page_search.h). See cert_page.h. */
#include "store/cert_columns.h"
#include "store/page_search.h"
#include "store/request/request_page.h"
#include "store/store_private.h"

#include "cert_page.h"

#define WINDOW_INDEXED 1000000 /* ids that one statement looks through: an index finds all ... */
#define WINDOW_ROWS 5000       /* ... or each row is looked at */
#define SQL_MAX (64 * 1024)

/* $1 and $2: first and last id, $3 limit. */
static int
read_window(struct store *s, const void *arg, const struct store_window *w, gh_json **out,
    struct gh_error *err)
{
	const struct store_cert_filter *f = arg;
	const char *order = f->newest_first ? "DESC" : "ASC";
	struct store_params p = {0};
	struct gh_buf b;
	int rc;

	store_put_int(&p, w->first);
	store_put_int(&p, w->last);
	store_put_int(&p, w->limit);
	gh_buf_init(&b, SQL_MAX);
	gh_buf_puts(&b,
	    "SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM (SELECT " CERT_FIELDS
	    ", (SELECT ca.name FROM ca WHERE ca.id = ca_id) AS ca, "
	    "(SELECT ca.subject FROM ca WHERE ca.id = ca_id) AS issuer "
	    "FROM (SELECT * FROM certificate WHERE id BETWEEN $1::bigint AND $2::bigint");
	if (f->condition != NULL) {
		gh_buf_puts(&b, " AND ");
		cert_filter_put(&b, &p, f->condition);
	}
	if (f->owner != NULL) {
		gh_buf_puts(&b,
		    " AND EXISTS (SELECT FROM request r WHERE r.id = certificate.request_id");
		store_put_owner(&b, &p, f->owner);
		store_put_text(&p, f->owner->name);
		gh_buf_putf(&b, ") AND lower(requester) = lower($%d)", p.n);
	}
	gh_buf_putf(&b,
	    " ORDER BY certificate.id %s LIMIT $3::int) certificate" CERT_JOIN
	    " ORDER BY certificate.id %s) t",
	    order, order);
	if ((rc = store_read_json(s, &b, &p, out, err)) == 0)
		rc = store_name_reasons(*out, err);
	return rc;
}

int
store_cert_page(struct store *s, const struct store_cert_filter *f, gh_json **entries,
    int64_t *next, struct gh_error *err)
{
	static const struct store_statement st = {"certificate_extent",
	    "SELECT coalesce(max(id), 0) FROM certificate"};
	bool is_indexed =
	    f->owner != NULL || f->condition == NULL || cert_node_is_selective(f->condition);
	struct store_search q = {.newest_first = f->newest_first,
	    .limit = f->limit,
	    .window = is_indexed ? WINDOW_INDEXED : WINDOW_ROWS,
	    .read = read_window,
	    .arg = f};
	struct store_params p = {0};
	PGresult *res;
	int rc = store_read(s, &st, &p, &res, err);

	*next = 0;
	*entries = NULL;
	if (rc != 0)
		return rc;
	store_search_range(&q, f->after_id, store_int(res, 0, 0));
	PQclear(res);
	return store_search(s, &q, entries, next, err);
}
