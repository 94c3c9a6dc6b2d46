/* Recoveries of archived keys in the console: who asks, who agreed, and the word of agents. See
 * console_admin.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "form.h"
#include "rest/rest_key_request.h"

#include "pages/page.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_list.h"
#include "console_page.h"

#define KEYS "/console/keys"

/* --- list ------------------------------------------------------------------------------------- */

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
static const struct console_list_filter filters[] = {{"state", states}, {"requester", NULL},
    {NULL, NULL}};
static const struct console_list recoveries = {.page = "keys",
    .path = KEYS,
    .api = rest_key_requests,
    .query = "type=recovery&order=newest&limit=50",
    .cursor = "after",
    .filters = filters};

void
console_keys(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	console_list_reply(&recoveries, env, call, rep);
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
