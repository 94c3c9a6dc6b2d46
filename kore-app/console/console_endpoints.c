/* Endpoints in the console: which certificate is served where, as scans have found it. See
 * console_admin.h. */
#include <string.h>

#include "rest/rest_endpoint.h"
#include "timestamp.h"

#include "pages/page.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_list.h"
#include "console_page.h"

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
static const struct console_list_filter filters[] = {{"host", NULL}, {"failing", choices},
    {NULL, NULL}};

static int
complete_row(const struct worker_env *env, const struct call *call, gh_json *row)
{
	(void)env;
	(void)call;
	return complete(row);
}

static const struct console_list endpoints = {.page = "endpoints",
    .path = "/console/endpoints",
    .api = rest_endpoints,
    .query = "limit=50",
    .cursor = "after",
    .filters = filters,
    .row = complete_row};

void
console_endpoints(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	console_list_reply(&endpoints, env, call, rep);
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
	int64_t more = 0;

	if (gh_json_int(gh_json_get(endpoint, "chain_more"), &more) && more > 0)
		bad |= gh_json_set_int(data, "more", more);
	bad |= gh_json_set_bool(data, "history_more",
	    gh_json_bool(gh_json_get(endpoint, "history_more"), false));
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
