/* Recoveries of archived keys in the console: who asks, who agreed, and the word of agents. See
 * console_admin.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "form.h"
#include "rest/rest_key_request.h"
#include "rest/rest_list.h"

#include "pages/page.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_page.h"

#define KEYS "/console/keys"
#define ROWS "50" /* of a page */

/* --- list ------------------------------------------------------------------------------------- */

enum { AFTER, STATE, REQUESTER, LANGUAGE, PARAMS };

static const struct console_choice states[] = {
    {"", "key_request_state.any"},
    {"pending", "key_request_state.pending"},
    {"approved", "key_request_state.approved"},
    {"complete", "key_request_state.complete"},
    {"rejected", "key_request_state.rejected"},
    {"canceled", "key_request_state.canceled"},
    {"expired", "key_request_state.expired"},
    {"failed", "key_request_state.failed"},
    {NULL, NULL},
};

/* A form sends fields that are empty. */
static int
ask(struct worker_env *env, const struct call *call, const struct rest_param *p, gh_json **out,
    struct gh_error *err)
{
	struct gh_buf q;
	int rc;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	for (size_t i = 0; i < LANGUAGE; i++)
		console_query_put(&q, p[i].name, p[i].value);
	console_query_put(&q, "type", "recovery");
	console_query_put(&q, "order", "newest");
	console_query_put(&q, "limit", ROWS);
	if ((rc = gh_buf_check(&q, err)) == 0)
		rc = console_get(env, call, rest_key_requests, (const char *)q.data, out, err);
	gh_buf_free(&q);
	return rc;
}

static gh_json *
list_data(const struct call *call, const struct rest_param *p, const gh_json *page)
{
	gh_json *data = gh_json_new_object(), *entries = gh_json_get(page, "entries"),
		*values = gh_json_new_object(), *options = gh_json_new_object();
	int bad = gh_json_set_string(values, "requester", p[REQUESTER].value) |
	    gh_json_set(options, "state",
		console_options(states, p[STATE].value, page_words(call->http)));

	bad |= gh_json_set(data, "entries", gh_json_ref(entries)) |
	    gh_json_set_bool(data, "has_rows", gh_json_size(entries) > 0) |
	    gh_json_set(data, "values", values) | gh_json_set(data, "options", options) |
	    console_set_next(data, KEYS, gh_json_get(page, "next"), p + STATE, LANGUAGE - STATE);
	if (bad == 0)
		return data;
	gh_json_free(data);
	return NULL;
}

void
console_keys(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct rest_param p[PARAMS] = {{"after", NULL}, {"state", NULL}, {"requester", NULL},
	    {"lang", NULL}};
	struct rest_fields fields = {0};
	struct gh_error err = {0};
	gh_json *page = NULL;
	int rc = rest_params_read(call, p, PARAMS, &fields, &err);

	if (rc == 0 && (rc = rest_fields_check(&fields, &err)) == 0)
		rc = ask(env, call, p, &page, &err);
	if (rc == 0)
		console_reply(env, call, 200, "keys", list_data(call, p, page), rep);
	else
		page_refuse(call, &err, rep);
	gh_json_free(page);
	rest_fields_clear(&fields);
	rest_params_clear(p, PARAMS);
}

/* --- one -------------------------------------------------------------------------------------- */

static bool
is_state(const gh_json *request, const char *state)
{
	const char *is = gh_json_string(gh_json_get(request, "state"));

	return is != NULL && strcmp(is, state) == 0;
}

/* As far as the page can tell: the API decides, and by more than a name. */
static bool
is_own(const struct call *call, const gh_json *request)
{
	const char *name = gh_json_string(gh_json_get(request, "requester"));

	return name != NULL && strcasecmp(name, call->requester->name) == 0;
}

/* What is offered; whatever else is sent, the API refuses. */
static int
put_rights(gh_json *data, const struct call *call, const gh_json *request)
{
	bool is_open = is_state(request, "pending"), own = is_own(call, request),
	     is_agent = (call->requester->roles & REQUESTER_ROLE_AGENT) != 0,
	     is_signed = gh_json_bool(gh_json_get(request, "signed"), false);

	return gh_json_set_bool(data, "can_approve", is_open && is_agent && !is_signed) |
	    gh_json_set_bool(data, "must_sign", is_open && is_agent && is_signed) |
	    gh_json_set_bool(data, "can_reject", is_open && is_agent) |
	    gh_json_set_bool(data, "can_cancel",
		own && (is_open || is_state(request, "approved"))) |
	    gh_json_set_bool(data, "is_ready", own && is_state(request, "approved")) |
	    gh_json_set_bool(data, "is_open", is_open);
}

/* wrong: why it was not decided, or NULL. */
static void
show(struct worker_env *env, const struct call *call, const struct gh_error *wrong,
    struct gh_http_reply *rep)
{
	gh_json *request = NULL, *data = gh_json_new_object(), *values = gh_json_new_object();
	const char *comment = gh_form_get(call->form, "comment");
	struct gh_error err = {0};
	int status = wrong != NULL ? gh_error_info(wrong->code)->http_status : 200,
	    rc = console_get(env, call, rest_key_request, NULL, &request, &err), bad = 0;

	bad |= gh_json_set_string(values, "comment", comment != NULL ? comment : "");
	bad |= gh_json_set(data, "values", values);
	if (rc == 0)
		bad |= gh_json_set(data, "request", gh_json_ref(request)) |
		    gh_json_set_string(data, "request_state",
			gh_json_string(gh_json_get(request, "state"))) |
		    put_rights(data, call, request);
	if (wrong != NULL)
		bad |= console_set_wrong(data, wrong);
	if (rc == 0 && bad != 0)
		rc = gh_fail(&err, GH_E_NOMEM, "page of a recovery");
	if (rc == 0) {
		console_reply(env, call, status, "key", data, rep);
	} else {
		gh_json_free(data);
		page_refuse(call, &err, rep);
	}
	gh_json_free(request);
}

void
console_key(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	show(env, call, NULL, rep);
}

/* --- decisions -------------------------------------------------------------------------------- */

void
console_key_decide(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	char path[64];
	int rc = console_put_status(env, call, rest_key_request_decide, &err);

	if (rc == 0) {
		snprintf(path, sizeof(path), KEYS "/%" PRId64, call_number(call->parts, "id"));
		page_redirect(rep, path);
	} else if (rc == GH_E_CONFLICT || rc == GH_E_PRECONDITION || rc == GH_E_VALIDATION) {
		show(env, call, &err, rep);
		gh_http_reply_cause(rep, &err);
	} else {
		page_refuse(call, &err, rep);
	}
}
