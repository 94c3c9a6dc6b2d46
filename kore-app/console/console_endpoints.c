/* Endpoints in the console: which certificate is served where, as scans have found it. See
 * console_admin.h. */
#include <string.h>

#include "rest/rest_endpoint.h"
#include "rest/rest_list.h"
#include "timestamp.h"

#include "pages/page.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_page.h"

#define ENDPOINTS "/console/endpoints"
#define ROWS "50" /* of a page */

enum { AFTER, HOST, FAILING, LANGUAGE, PARAMS };

/* --- for people ------------------------------------------------------------------------------- */

/* days, minutes, and whether it is as it should be: of an endpoint, and of a row of its history. */
static int
complete(gh_json *row)
{
	const char *end = gh_json_string(gh_json_get(row, "not_after")),
		   *verify = gh_json_string(gh_json_get(row, "verify"));
	bool has_ended =
	    end != NULL && strcmp(console_state("valid", end, gh_now()), "expired") == 0;

	return console_set_day(row, "ends", end) | gh_json_set_bool(row, "has_ended", has_ended) |
	    console_set_minute(row, "first", gh_json_string(gh_json_get(row, "first_seen"))) |
	    console_set_minute(row, "last", gh_json_string(gh_json_get(row, "last_seen"))) |
	    console_set_minute(row, "tried", gh_json_string(gh_json_get(row, "tried_at"))) |
	    gh_json_set_bool(row, "is_trusted", verify != NULL && strcmp(verify, "ok") == 0);
}

/* --- list ------------------------------------------------------------------------------------- */

static const struct console_choice choices[] = {{"", "endpoints.all"},
    {"yes", "endpoints.only_failing"}, {NULL, NULL}};

static int
ask(struct worker_env *env, const struct call *call, const struct rest_param *p, gh_json **out,
    struct gh_error *err)
{
	struct gh_buf q;
	int rc;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	for (size_t i = 0; i < LANGUAGE; i++)
		console_query_put(&q, p[i].name, p[i].value);
	console_query_put(&q, "limit", ROWS);
	if ((rc = gh_buf_check(&q, err)) == 0)
		rc = console_get(env, call, rest_endpoints, (const char *)q.data, out, err);
	gh_buf_free(&q);
	return rc;
}

static gh_json *
data_of(const struct call *call, const struct rest_param *p, const gh_json *page)
{
	gh_json *data = gh_json_new_object(), *entries = gh_json_get(page, "entries"),
		*values = gh_json_new_object(), *options = gh_json_new_object();
	int bad = gh_json_set_string(values, "host", p[HOST].value) |
	    console_set(options, "failing",
		console_options(choices, p[FAILING].value, page_words(call->http))) |
	    console_set(data, "values", values) | console_set(data, "options", options);

	for (size_t i = 0; i < gh_json_size(entries); i++)
		bad |= complete(gh_json_at(entries, i));
	bad |= gh_json_set(data, "entries", gh_json_ref(entries)) |
	    gh_json_set_bool(data, "has_rows", gh_json_size(entries) > 0) |
	    console_set_next(data, ENDPOINTS, gh_json_get(page, "next"), p + HOST, LANGUAGE - HOST);
	if (bad == 0)
		return data;
	gh_json_free(data);
	return NULL;
}

void
console_endpoints(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_param p[PARAMS] = {{"after", NULL}, {"host", NULL}, {"failing", NULL},
	    {"lang", NULL}};
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	gh_json *page = NULL;
	int rc = rest_params_read(call, p, PARAMS, &fields, &err);

	if (rc == 0 && (rc = rest_fields_check(&fields, &err)) == 0)
		rc = ask(env, call, p, &page, &err);
	if (rc == 0)
		console_reply(env, call, 200, "endpoints", data_of(call, p, page), rep);
	else
		page_refuse(call, &err, rep);
	gh_json_free(page);
	rest_fields_clear(&fields);
	rest_params_clear(p, PARAMS);
}

/* --- one -------------------------------------------------------------------------------------- */

/* Certificates that were sent behind it, {id}; 0 is one that the inventory has not taken. */
static gh_json *
chain_of(const gh_json *ids)
{
	gh_json *list = gh_json_new_array();
	int bad = 0;

	for (size_t i = 0; i < gh_json_size(ids); i++) {
		int64_t id = 0;
		gh_json *o;

		if (!gh_json_int(gh_json_at(ids, i), &id) || id == 0)
			continue;
		o = gh_json_new_object();
		bad |= gh_json_set_int(o, "id", id);
		bad |= gh_json_append(list, o);
	}
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

static gh_json *
data_of_one(gh_json *endpoint)
{
	gh_json *data = gh_json_new_object(), *history = gh_json_get(endpoint, "history");
	int bad = complete(endpoint) |
	    console_set(data, "issuers", chain_of(gh_json_get(endpoint, "chain")));

	bad |=
	    gh_json_set_bool(data, "has_issuers", gh_json_size(gh_json_get(data, "issuers")) > 0) |
	    gh_json_set_bool(data, "has_history", gh_json_size(history) > 0);
	for (size_t i = 0; i < gh_json_size(history); i++)
		bad |= complete(gh_json_at(history, i));
	bad |= gh_json_set(data, "place", gh_json_ref(endpoint));
	if (bad == 0)
		return data;
	gh_json_free(data);
	return NULL;
}

void
console_endpoint(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *endpoint;

	if (console_get(env, call, rest_endpoint, NULL, &endpoint, &err) == 0)
		console_reply(env, call, 200, "endpoint", data_of_one(endpoint), rep);
	else
		page_refuse(call, &err, rep);
	gh_json_free(endpoint);
}
