/* Archived keys in the console: which there are, whose, and who was given them. See
 * console_admin.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "form.h"
#include "rest/rest_key.h"
#include "rest/rest_key_request.h"

#include "pages/page.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_list.h"
#include "console_page.h"

#define ARCHIVE "/console/archive"
#define REQUESTS "50" /* of one key, the newest; each may be read for its approvals */

/* --- list ------------------------------------------------------------------------------------- */

static const struct console_choice states[] = {
    {"", "archived_key_state.any"},
    {"active", "archived_key_state.active"},
    {"inactive", "archived_key_state.inactive"},
    {"pending", "archived_key_state.pending"},
    {"destroyed", "archived_key_state.destroyed"},
    {NULL, NULL},
};
static const struct console_list_filter filters[] = {{"state", states}, {"owner", NULL},
    {"certificate_id", NULL}, {"created_from", NULL}, {"created_to", NULL}, {NULL, NULL}};

static int
complete(const struct worker_env *env, const struct call *call, gh_json *key)
{
	(void)env;
	(void)call;
	return console_set_minute(key, "archived", gh_json_string(gh_json_get(key, "created_at")));
}

static const struct console_list keys = {.page = "archive",
    .path = ARCHIVE,
    .api = rest_keys,
    .query = "order=newest&limit=50",
    .cursor = "after",
    .filters = filters,
    .row = complete};

void
console_archive(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	console_list_reply(&keys, env, call, rep);
}

/* --- one -------------------------------------------------------------------------------------- */

/* Who agreed to a request, which its list does not tell. */
static int
put_approvals(struct worker_env *env, const struct call *call, gh_json *request,
    struct gh_error *err)
{
	struct call_parts parts = {.n = 1, .part = {{.name = "id}"}}};
	const struct console_ask what = {.handler = rest_key_request,
	    .method = GH_HTTP_GET,
	    .parts = &parts};
	gh_json *whole;
	int64_t approved = 0, id = 0;
	int rc;

	if (!gh_json_int(gh_json_get(request, "approved"), &approved) || approved == 0 ||
	    !gh_json_int(gh_json_get(request, "id"), &id))
		return 0;
	snprintf(parts.part[0].text, sizeof(parts.part[0].text), "%" PRId64, id);
	parts.part[0].number = id;
	if ((rc = console_ask(env, call, &what, &whole, err)) == 0 &&
	    gh_json_set(request, "approvals", gh_json_ref(gh_json_get(whole, "approvals"))) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "page of a key");
	gh_json_free(whole);
	return rc;
}

static int
put_requests(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	gh_json *page = NULL, *entries;
	struct gh_buf q;
	int rc;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "key_id", call_text(call->parts, "kid"));
	console_query_put(&q, "order", "newest");
	console_query_put(&q, "limit", REQUESTS);
	if ((rc = gh_buf_check(&q, err)) == 0)
		rc = console_get(env, call, rest_key_requests, (const char *)q.data, &page, err);
	gh_buf_free(&q);
	entries = rc == 0 ? gh_json_get(page, "entries") : NULL;
	for (size_t i = 0; i < gh_json_size(entries) && rc == 0; i++)
		rc = put_approvals(env, call, gh_json_at(entries, i), err);
	if (rc == 0 &&
	    (gh_json_set(data, "requests", gh_json_ref(entries)) != 0 ||
		gh_json_set_bool(data, "has_requests", gh_json_size(entries) > 0) != 0 ||
		gh_json_set_bool(data, "has_more",
		    gh_json_type(gh_json_get(page, "next")) != GH_JSON_NULL) != 0))
		rc = gh_fail(err, GH_E_NOMEM, "page of a key");
	gh_json_free(page);
	return rc;
}

/* What is offered; whatever else is sent, the API refuses. */
static int
put_key(gh_json *data, const struct call *call, gh_json *key)
{
	const char *state = gh_json_string(gh_json_get(key, "state")),
		   *comment = gh_form_get(call->form, "comment");
	bool is_agent = (call->requester->roles & REQUESTER_ROLE_AGENT) != 0,
	     is_active = state != NULL && strcmp(state, "active") == 0,
	     is_inactive = state != NULL && strcmp(state, "inactive") == 0;
	gh_json *values = gh_json_new_object();
	int bad = gh_json_set_string(values, "comment", comment != NULL ? comment : "");

	return bad | gh_json_set(data, "values", values) |
	    gh_json_set(data, "key", gh_json_ref(key)) |
	    gh_json_set_string(data, "key_state", state) |
	    gh_json_set_bool(data, "can_deactivate", is_agent && is_active) |
	    gh_json_set_bool(data, "can_activate", is_agent && is_inactive) |
	    gh_json_set_bool(data, "can_change", is_agent && (is_active || is_inactive));
}

/* wrong: why it was not changed, or NULL. */
static void
show(struct worker_env *env, const struct call *call, const struct gh_error *wrong,
    struct gh_http_reply *rep)
{
	gh_json *key = NULL, *data = gh_json_new_object();
	struct gh_error err = {0};
	int status = wrong != NULL ? gh_error_info(wrong->code)->http_status : 200,
	    rc = console_get(env, call, rest_key, NULL, &key, &err), bad = 0;

	if (rc == 0)
		bad = put_key(data, call, key);
	if (wrong != NULL)
		bad |= console_set_wrong(data, wrong);
	if (rc == 0 && bad != 0)
		rc = gh_fail(&err, GH_E_NOMEM, "page of a key");
	if (rc == 0)
		rc = put_requests(env, call, data, &err);
	if (rc == 0) {
		console_reply(env, call, status, "archived_key", data, rep);
	} else {
		gh_json_free(data);
		page_refuse(call, &err, rep);
	}
	gh_json_free(key);
}

void
console_archived_key(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	show(env, call, NULL, rep);
}

/* --- active or not ---------------------------------------------------------------------------- */

void
console_archived_key_change(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	char path[sizeof(ARCHIVE) + CALL_PART_SIZE + 1];
	int rc = console_put_status(env, call, rest_key_change, &err);

	if (rc == 0) {
		/* a UUID, which needs no encoding */
		snprintf(path, sizeof(path), ARCHIVE "/%s", call_text(call->parts, "kid"));
		page_redirect(rep, path);
	} else if (rc == GH_E_CONFLICT || rc == GH_E_PRECONDITION || rc == GH_E_VALIDATION) {
		show(env, call, &err, rep);
		gh_http_reply_cause(rep, &err);
	} else {
		page_refuse(call, &err, rep);
	}
}
