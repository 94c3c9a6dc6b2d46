/* Counting. See cert_count.h. */
#include <string.h>

#include "store/store_private.h"

#include "cert_count.h"
#include "cert_narrow.h"

#define SQL_MAX (128 * 1024)
#define QUERY_CANCELED "57014" /* by statement_timeout */

/* What indexes find, and of that, what fits. */
static void
put_where(struct gh_buf *b, struct store_params *p, const struct store_cert_filter *f)
{
	gh_buf_puts(b, "FROM certificate WHERE true");
	if (f->condition != NULL && cert_is_narrow(f->condition, CERT_NARROW_ANY)) {
		gh_buf_puts(b, " AND ");
		cert_narrow_put(b, p, f->condition, CERT_NARROW_ANY);
	}
	if (f->condition != NULL) {
		gh_buf_puts(b, " AND ");
		cert_filter_put(b, p, f->condition);
	}
	if (f->view == NULL)
		return;
	if (cert_view_is_narrow(f->view))
		cert_view_put_narrow(b, p, f->view);
	cert_view_put(b, p, f->view);
}

int
store_cert_count(struct store *s, const struct store_cert_filter *f, bool is_exact, int64_t *out,
    struct gh_error *err)
{
	struct store_params p = {0};
	const gh_json *n;
	gh_json *answer;
	struct gh_buf b;
	int rc;

	*out = 0;
	gh_buf_init(&b, SQL_MAX);
	gh_buf_puts(&b,
	    is_exact ? "SELECT json_build_array(count(*)) " : "EXPLAIN (FORMAT JSON) SELECT ");
	put_where(&b, &p, f);
	rc = store_read_composed(s, &b, &p, &answer, err);
	if (rc != 0 && strcmp(s->sqlstate, QUERY_CANCELED) == 0)
		return gh_refuse(err, GH_E_VALIDATION,
		    f->view != NULL && !f->view->is_all
			? "They are too many to be counted: narrow the query."
			: "They are too many to be counted: ask for count=estimate, or narrow the query.");
	if (rc != 0)
		return rc;
	n = gh_json_at(answer, 0);
	if (!is_exact)
		n = gh_json_get(gh_json_get(n, "Plan"), "Plan Rows");
	rc = gh_json_int(n, out) ? 0 : gh_fail(err, GH_E_DB, "count");
	gh_json_free(answer);
	return rc;
}
