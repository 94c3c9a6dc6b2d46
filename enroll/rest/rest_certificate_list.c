/* GET /pki/certificates: pages of the inventory, of all for who may read every certificate
 * (revoke_may_read), else of one's own. docs/inventory.md */
#include <stdlib.h>
#include <string.h>

#include "inventory/cert_member.h"
#include "inventory/page_token.h"
#include "inventory/query_parse.h"
#include "store/inventory/cert_count.h"
#include "store/inventory/cert_narrow.h"
#include "timestamp.h"

#include "rest_certificate.h"
#include "rest_list.h"

enum { PAGE, LIMIT, ORDER, ORDER_BY, QUERY, FIELDS, COUNT, PARAMS };
static const char *const names[PARAMS] = {[PAGE] = "page",
    [LIMIT] = "limit",
    [ORDER] = "order",
    [ORDER_BY] = "order_by",
    [QUERY] = "query",
    [FIELDS] = "fields",
    [COUNT] = "count"};
/* The words of order_by, as enum cert_sort has them. */
static const char *const sorts[] = {[CERT_BY_ID] = "id",
    [CERT_BY_NOT_AFTER] = "not_after",
    [CERT_BY_SUBJECT] = "subject",
    [CERT_BY_REQUESTER] = "requester",
    [CERT_BY_SERIAL] = "serial",
    NULL};
static const char *const counts[] = {"exact", "estimate", NULL};

/* What is asked. */
struct asked {
	struct rest_param p[PARAMS];
	struct store_cert_filter filter;
	struct cert_node *condition; /* owned; NULL: all */
	struct page_token token;     /* owned; where filter begins */
	struct cert_members members;
	const char *count; /* one of the words; NULL: none */
};

static void
clear(struct asked *a)
{
	rest_params_clear(a->p, PARAMS);
	cert_node_free(a->condition);
	page_token_clear(&a->token);
}

/* A wrong query is malformed as a whole: 400, not a field that is invalid. */
static int
read_query(const struct worker_env *env, const struct call *call, struct asked *a,
    struct gh_error *err)
{
	const struct catalog *catalog = env->catalog;
	const struct query_env query = {.field = catalog->field,
	    .fields = catalog->fields,
	    .me = call->requester->name,
	    .now = gh_now()};
	struct gh_error why = {0};
	int rc = 0;

	if (a->p[QUERY].value != NULL)
		rc = query_parse(a->p[QUERY].value, &query, &a->condition, &why);
	a->filter.condition = a->condition;
	if (rc == GH_E_BAD_REQUEST)
		return gh_refuse(err, rc, "query: %s", why.message);
	*err = why;
	return rc;
}

/* Without a word, along what the query is bounded by. */
static enum cert_sort
sort_of(const struct asked *a, const char *word)
{
	enum cert_sort sort = CERT_BY_ID;

	if (word == NULL)
		return a->condition != NULL &&
			cert_is_narrow(a->condition, CERT_NARROW_BY_NOT_AFTER)
		    ? CERT_BY_NOT_AFTER
		    : CERT_BY_ID;
	while (sorts[sort] != word)
		sort++;
	return sort;
}

static void
read_filter(struct asked *a, struct rest_fields *f)
{
	static const char *const orders[] = {"asc", "desc", "oldest", "newest", NULL};
	const char *order = rest_param_word(f, &a->p[ORDER], orders);
	struct gh_error why;

	a->filter.sort = sort_of(a, rest_param_word(f, &a->p[ORDER_BY], sorts));
	a->filter.descending = order == orders[1] || order == orders[3];
	a->filter.limit =
	    (int)rest_param_number(f, &a->p[LIMIT], 1, REST_LIMIT_MAX, REST_LIMIT_DEFAULT);
	a->count = rest_param_word(f, &a->p[COUNT], counts);
	if (!cert_members_read(a->p[FIELDS].value, &a->members, &why))
		rest_field_refused(f, names[FIELDS], &why);
}

static struct page_token_use
token_use(const struct worker_env *env, const struct call *call, const struct asked *a)
{
	return (struct page_token_use){.secret = env->server_secret,
	    .who = call->requester,
	    .query = a->p[QUERY].value,
	    .sort = a->filter.sort,
	    .descending = a->filter.descending};
}

static int
read_token(const struct worker_env *env, const struct call *call, struct asked *a,
    struct gh_error *err)
{
	const struct page_token_use use = token_use(env, call, a);
	int rc;

	if (a->p[PAGE].value == NULL)
		return 0;
	if ((rc = page_token_read(&use, a->p[PAGE].value, &a->token, err)) != 0)
		return rc;
	a->filter.backwards = a->token.backwards;
	a->filter.from = a->token.has_place ? &a->token.place : NULL;
	return 0;
}

static int
read_asked(const struct worker_env *env, const struct call *call, struct asked *a,
    struct rest_fields *f, struct gh_error *err)
{
	int rc;

	for (size_t i = 0; i < PARAMS; i++)
		a->p[i].name = names[i];
	if ((rc = rest_params_read(call, a->p, PARAMS, f, err)) != 0 ||
	    (rc = read_query(env, call, a, err)) != 0)
		return rc;
	read_filter(a, f);
	if ((rc = rest_fields_check(f, err)) == 0)
		rc = read_token(env, call, a, err);
	if ((call->requester->roles & ~REQUESTER_ROLE_AGENT) == 0)
		a->filter.owner = call->requester;
	return rc;
}

/* ---- the answer ---- */

/* place NULL: from that end of all. */
static int
set_token(gh_json *o, const char *name, const struct page_token_use *use, bool backwards,
    const struct cert_place *place, struct gh_error *err)
{
	const struct page_token t = {.backwards = backwards,
	    .has_place = place != NULL,
	    .place = place != NULL ? *place : (struct cert_place){0}};
	char *text;
	int rc = page_token_make(use, &t, &text, err);

	if (rc == 0 && gh_json_set_string(o, name, text) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "page");
	free(text);
	return rc;
}

static int
set_null(gh_json *o, const char *name, struct gh_error *err)
{
	return gh_json_set_string(o, name, NULL) == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "page");
}

/* "next" and "previous". */
static int
set_tokens(gh_json *o, const struct page_token_use *use, const struct asked *a,
    const struct cert_page *page, struct gh_error *err)
{
	bool back = a->filter.backwards;
	const char *more = back ? "previous" : "next", *other = back ? "next" : "previous";
	int rc = page->has_more ? set_token(o, more, use, back, &page->more, err)
				: set_null(o, more, err);

	if (rc != 0)
		return rc;
	if (a->filter.from == NULL && !back)
		return set_null(o, other, err);
	return set_token(o, other, use, !back, page->has_other ? &page->other : NULL, err);
}

static int
set_count(gh_json *o, struct worker_env *env, const struct asked *a, struct gh_error *err)
{
	int64_t n;
	/* an estimate is made of everybody's certificates: it would tell of those of others */
	bool is_exact = a->filter.owner != NULL || a->count == counts[0];
	int rc;

	if (a->count == NULL)
		return 0;
	rc = store_cert_count(env->store, &a->filter, is_exact, &n, err);
	if (rc == 0 && gh_json_set_int(o, "count", n) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "page");
	return rc;
}

static int
make_page(struct worker_env *env, const struct call *call, const struct asked *a, gh_json *o,
    struct gh_error *err)
{
	const struct page_token_use use = token_use(env, call, a);
	struct cert_page page;
	int rc;

	if (o == NULL)
		return gh_fail(err, GH_E_NOMEM, "page");
	if ((rc = store_cert_page(env->store, &a->filter, &page, err)) != 0)
		return rc;
	rc = cert_members_choose(&a->members, &page.entries, err);
	if (rc == 0 && gh_json_set(o, "entries", gh_json_ref(page.entries)) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "page");
	if (rc == 0 && (rc = set_tokens(o, &use, a, &page, err)) == 0)
		rc = set_count(o, env, a, err);
	cert_page_clear(&page);
	return rc;
}

void
rest_certificate_list(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	struct asked asked = {.condition = NULL};
	gh_json *o = NULL;
	int rc = read_asked(env, call, &asked, &fields, &err);

	if (rc == 0) {
		o = gh_json_new_object();
		rc = make_page(env, call, &asked, o, &err);
	}
	if (rc == 0) {
		gh_http_reply_header(rep, "Cache-Control", "no-store");
		rest_json(rep, 200, o);
	} else {
		gh_json_free(o);
		rest_error(&err, call->http->request_id, rest_fields_take(&fields), rep);
	}
	rest_fields_clear(&fields);
	clear(&asked);
}
