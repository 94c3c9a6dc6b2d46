/* What a call asks of the inventory. See rest_certificate_asked.h. */
#include <stdlib.h>
#include <string.h>

#include "inventory/cert_order.h"
#include "inventory/cert_sight.h"
#include "inventory/query_parse.h"
#include "store/inventory/saved_search_row.h"
#include "timestamp.h"

#include "rest_certificate_asked.h"

enum { PAGE, LIMIT, ORDER, ORDER_BY, QUERY, FIELDS, COUNT, FORMAT, SAVED };
#define PARAMS REST_ASKED_PARAMS
static const char *const names[PARAMS] = {[PAGE] = "page",
    [LIMIT] = "limit",
    [ORDER] = "order",
    [ORDER_BY] = "order_by",
    [QUERY] = "query",
    [FIELDS] = "fields",
    [COUNT] = "count",
    [FORMAT] = "format",
    [SAVED] = "saved"};
static const char *const counts[] = {"exact", "estimate", NULL};
/* Of several that Accept names, the last row counts. */
static const struct {
	const char *name, *type;
	enum cert_lines lines;
} formats[] = {
    {"json", NULL, CERT_NO_LINES},
    {"csv", "text/csv", CERT_CSV},
    {"jsonl", "application/x-ndjson", CERT_JSONL},
    {"jsonl", "application/jsonl", CERT_JSONL},
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

void
rest_asked_clear(struct rest_asked *a)
{
	rest_params_clear(a->p, PARAMS);
	cert_node_free(a->condition);
	free(a->field);
	cert_view_clear(&a->view);
	page_token_clear(&a->token);
}

/* ---- a saved search ---- */

/* What the call does not say itself. */
static int
take_saved_text(struct rest_param *p, const gh_json *row, const char *name, struct gh_error *err)
{
	const char *text = gh_json_string(gh_json_get(row, name));

	if (p->value != NULL || text == NULL)
		return 0;
	p->value = strdup(text);
	return p->value != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "saved search");
}

/* It is as if the call had said what is saved. */
static int
read_saved(const struct worker_env *env, const struct call *call, struct rest_asked *a,
    struct rest_fields *f, struct gh_error *err)
{
	static const int taken[] = {QUERY, ORDER_BY, ORDER, FIELDS};
	gh_json *row;
	int rc;

	if (a->p[SAVED].value == NULL)
		return 0;
	if (a->p[QUERY].value != NULL) {
		rest_field_wrong(f, names[SAVED],
		    "The parameters saved and query exclude each other.");
		return rest_fields_check(f, err);
	}
	rc = store_find_saved_search(env->store, call->requester, a->p[SAVED].value, &row, err);
	for (size_t i = 0; rc == 0 && i < sizeof(taken) / sizeof(taken[0]); i++)
		rc = take_saved_text(&a->p[taken[i]], row, names[taken[i]], err);
	gh_json_free(row);
	return rc;
}

/* ---- all of it ---- */

static struct query_env
query_env_of(const struct worker_env *env, const struct call *call)
{
	return (struct query_env){.field = env->catalog->field,
	    .fields = env->catalog->fields,
	    .me = call->requester->name,
	    .now = gh_now()};
}

static int
read_query(const struct worker_env *env, const struct call *call, struct rest_asked *a,
    struct rest_fields *f, struct gh_error *err)
{
	const struct query_env query = query_env_of(env, call);
	int rc = 0;

	if (a->p[QUERY].value != NULL)
		rc = query_parse(a->p[QUERY].value, &query, &a->condition, err);
	a->filter.condition = a->condition;
	return rc == GH_E_BAD_REQUEST ? rest_query_refused(f, err) : rc;
}

static enum cert_lines
format_of(const struct call *call, const struct rest_param *p, struct rest_fields *f)
{
	static const char *const words[] = {"json", "csv", "jsonl", NULL};
	const char *accept = gh_http_header(call->http, "accept");
	const char *word = rest_param_word(f, p, words);
	enum cert_lines found = CERT_NO_LINES;

	for (size_t i = 0; i < FORMATS; i++)
		if (word != NULL ? strcmp(word, formats[i].name) == 0
				 : accept != NULL && formats[i].type != NULL &&
			    strstr(accept, formats[i].type) != NULL)
			found = formats[i].lines;
	return found;
}

/* A file has no pages: it begins at the start, and its limit is that of all of it. */
static void
read_limit(struct rest_asked *a, struct rest_fields *f)
{
	static const int single[] = {PAGE, COUNT};

	if (a->lines == CERT_NO_LINES) {
		a->filter.limit =
		    (int)rest_param_number(f, &a->p[LIMIT], 1, REST_LIMIT_MAX, REST_LIMIT_DEFAULT);
		return;
	}
	a->filter.limit = REST_LIMIT_DEFAULT;
	a->lines_max = rest_param_number(f, &a->p[LIMIT], 1, INT64_MAX - 1, 0);
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (a->p[single[i]].value != NULL)
			rest_field_wrong(f, names[single[i]],
			    "The parameter %s does not go with csv and jsonl, which are one answer.",
			    names[single[i]]);
}

/* A file may be told for longer than the definitions hold. */
static int
read_order(const struct worker_env *env, const struct call *call, struct rest_asked *a,
    struct rest_fields *f, struct gh_error *err)
{
	const struct query_env query = query_env_of(env, call);
	struct cert_order order = {0};

	if (!cert_order_find(&query, a->p[ORDER_BY].value, a->condition, &order))
		rest_field_wrong(f, names[ORDER_BY],
		    "The parameter order_by must be " CERT_ORDER_WORDS ".");
	a->filter.sort = order.sort;
	if (order.field == NULL)
		return 0;
	a->filter.field = a->field = strdup(order.field);
	return a->field != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "order");
}

static void
read_filter(const struct worker_env *env, const struct call *call, struct rest_asked *a,
    struct rest_fields *f)
{
	static const char *const orders[] = {"asc", "desc", "oldest", "newest", NULL};
	const char *order = rest_param_word(f, &a->p[ORDER], orders), *count;
	struct gh_error why;

	a->filter.descending = order == orders[1] || order == orders[3];
	a->lines = format_of(call, &a->p[FORMAT], f);
	read_limit(a, f);
	count = rest_param_word(f, &a->p[COUNT], counts);
	a->is_counted = count != NULL;
	a->counts_exactly = count == counts[0];
	if (!cert_members_read(a->p[FIELDS].value, env->catalog->field, env->catalog->fields,
		&a->members, &why))
		rest_field_refused(f, names[FIELDS], &why);
}

struct page_token_use
rest_asked_use(const struct worker_env *env, const struct call *call, const struct rest_asked *a)
{
	return (struct page_token_use){.secret = env->server_secret,
	    .who = call->requester,
	    .query = a->p[QUERY].value,
	    .sort = a->filter.sort,
	    .field = a->filter.field,
	    .descending = a->filter.descending};
}

static int
read_token(const struct worker_env *env, const struct call *call, struct rest_asked *a,
    struct gh_error *err)
{
	const struct page_token_use use = rest_asked_use(env, call, a);
	int rc;

	if (a->p[PAGE].value == NULL)
		return 0;
	if ((rc = page_token_read(&use, a->p[PAGE].value, &a->token, err)) != 0)
		return rc;
	a->filter.backwards = a->token.backwards;
	a->filter.from = a->token.has_place ? &a->token.place : NULL;
	return 0;
}

int
rest_asked_read(const struct worker_env *env, const struct call *call, struct rest_asked *a,
    struct rest_fields *f, struct gh_error *err)
{
	int rc;

	for (size_t i = 0; i < PARAMS; i++)
		a->p[i].name = names[i];
	if ((rc = rest_params_read(call, a->p, PARAMS, f, err)) != 0 ||
	    (rc = read_saved(env, call, a, f, err)) != 0 ||
	    (rc = read_query(env, call, a, f, err)) != 0 ||
	    (rc = read_order(env, call, a, f, err)) != 0)
		return rc;
	read_filter(env, call, a, f);
	if ((rc = rest_fields_check(f, err)) == 0)
		rc = read_token(env, call, a, err);
	if (rc == 0)
		rc = cert_sight(env->catalog, call->requester, call->entry, &a->view, err);
	a->filter.view = &a->view;
	return rc;
}
