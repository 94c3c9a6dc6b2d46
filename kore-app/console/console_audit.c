/* GET /console/audit. See console.h. */
#include <string.h>

#include "rest/rest_audit.h"
#include "rest/rest_list.h"

#include "pages/page.h"

#include "console.h"
#include "console_ask.h"
#include "console_page.h"

#define ROWS "50" /* of a page */

enum { AFTER, EVENT, ACTOR, OUTCOME, OBJECT, LANGUAGE, PARAMS };

/* A form sends fields that are empty. */
static int
ask(struct worker_env *env, const struct call *call, const struct rest_param *p, gh_json **out,
    struct gh_error *err)
{
	struct console_ask what = {.handler = audit_rest_list, .method = GH_HTTP_GET};
	struct gh_buf q;
	int rc;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	for (size_t i = 0; i < LANGUAGE; i++)
		console_query_put(&q, p[i].name, p[i].value);
	console_query_put(&q, "order", "newest");
	console_query_put(&q, "limit", ROWS);
	what.query = (const char *)q.data;
	if ((rc = gh_buf_check(&q, err)) == 0)
		rc = console_ask(env, call, &what, out, err);
	gh_buf_free(&q);
	return rc;
}

static const struct console_choice outcomes[] = {
    {"", "audit_outcome.any"},
    {"success", "audit_outcome.success"},
    {"failure", "audit_outcome.failure"},
    {NULL, NULL},
};

static int
put_form(gh_json *data, const struct call *call, const struct rest_param *p)
{
	const struct words *w = page_words(call->http);
	gh_json *values = gh_json_new_object(), *options = gh_json_new_object();
	int bad = gh_json_set_string(values, "event", p[EVENT].value) |
	    gh_json_set_string(values, "actor", p[ACTOR].value) |
	    gh_json_set_string(values, "object", p[OBJECT].value) |
	    console_set(options, "outcome", console_options(outcomes, p[OUTCOME].value, w));

	return bad | console_set(data, "values", values) | console_set(data, "options", options);
}

static gh_json *
data_of(const struct call *call, const struct rest_param *p, const gh_json *page)
{
	gh_json *data = gh_json_new_object(), *entries = gh_json_get(page, "entries");

	if (gh_json_set(data, "entries", gh_json_ref(entries)) == 0 &&
	    gh_json_set_bool(data, "has_rows", gh_json_size(entries) > 0) == 0 &&
	    put_form(data, call, p) == 0 &&
	    console_set_next(data, "/console/audit", gh_json_get(page, "next"), p + EVENT,
		LANGUAGE - EVENT) == 0)
		return data;
	gh_json_free(data);
	return NULL;
}

void
console_audit(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_param p[PARAMS] = {{"after", NULL}, {"event", NULL}, {"actor", NULL},
	    {"outcome", NULL}, {"object", NULL}, {"lang", NULL}};
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	gh_json *page = NULL;
	int rc = rest_params_read(call, p, PARAMS, &fields, &err);

	if (rc == 0 && (rc = rest_fields_check(&fields, &err)) == 0)
		rc = ask(env, call, p, &page, &err);
	if (rc == 0)
		console_reply(env, call, 200, "audit", data_of(call, p, page), rep);
	else
		page_refuse(call, &err, rep);
	gh_json_free(page);
	rest_fields_clear(&fields);
	rest_params_clear(p, PARAMS);
}
