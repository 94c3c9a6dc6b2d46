/* Local administrators and the log-ins of browsers in the console. See console_admin.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "form.h"
#include "rest/rest_session.h"
#include "rest/rest_stored.h"
#include "rest/rest_switch.h"
#include "rest/rest_user.h"

#include "auth/login_session.h"
#include "hex.h"
#include "pages/page.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_confirm.h"
#include "console_list.h"
#include "console_page.h"

#define USERS "/console/users"
#define SESSIONS "/console/sessions"

/* --- local administrators --------------------------------------------------------------------- */

/* Roles as {role}, which a page can look up words for. */
static int
complete_user(const struct worker_env *env, const struct call *call, gh_json *user)
{
	const char *name = gh_json_string(gh_json_get(user, "name"));
	bool is_own = call->requester->kind == REQUESTER_ADMIN && name != NULL &&
	    strcmp(name, call->requester->name) == 0;
	gh_json *roles = gh_json_get(user, "roles"), *list = gh_json_new_array();
	struct gh_buf q;
	int bad = gh_json_set_bool(user, "is_own", is_own);

	(void)env;
	for (size_t i = 0; i < gh_json_size(roles); i++) {
		gh_json *o = gh_json_new_object();

		bad |= gh_json_set_string(o, "role", gh_json_string(gh_json_at(roles, i)));
		bad |= gh_json_append(list, o);
	}
	bad |= gh_json_set_bool(user, "has_roles", gh_json_size(roles) > 1);
	bad |= gh_json_set(user, "roles", list);
	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "user", name);
	bad |= console_set_link(user, "sessions", SESSIONS, &q);
	gh_buf_free(&q);
	return bad;
}

static const struct console_list users = {.page = "users",
    .path = USERS,
    .api = rest_users,
    .query = "limit=1000",
    .row = complete_user};

void
console_users(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	console_list_reply(&users, env, call, rep);
}

/* What the API refuses stands above the list. Takes the body over. */
static void
change_user(struct worker_env *env, const struct call *call, console_handler handler, gh_json *body,
    struct gh_http_reply *rep)
{
	const struct console_ask what = {.handler = handler, .method = GH_HTTP_PUT, .body = body};
	struct gh_error err = {0};
	gh_json *answer = NULL;
	int rc = body != NULL ? console_ask(env, call, &what, &answer, &err)
			      : gh_fail(&err, GH_E_NOMEM, "form");

	gh_json_free(body);
	if (rc == 0) {
		gh_json_free(answer);
		page_redirect(rep, USERS);
	} else if (err.code == GH_E_CONFLICT || err.code == GH_E_FORBIDDEN ||
	    (err.code == GH_E_VALIDATION && answer != NULL)) {
		console_list_refuse(&users, env, call, &err,
		    answer != NULL ? answer : console_errors("", &err), rep);
	} else {
		gh_json_free(answer);
		page_refuse(call, &err, rep);
	}
}

void
console_user_enable(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	if (console_confirmed(env, call, "user", call_text(call->parts, "profile"), USERS, rep))
		change_user(env, call, rest_user_enable, console_enabled(call), rep);
}

void
console_user_roles(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct gh_form_field *field = NULL;
	gh_json *body = gh_json_new_object(), *list = gh_json_new_array();
	int bad = 0;

	/* Without any, the API says that one must be left. */
	if (gh_form_get(call->form, "roles") != NULL &&
	    !console_confirmed(env, call, "roles", call_text(call->parts, "profile"), USERS, rep)) {
		gh_json_free(body);
		gh_json_free(list);
		return;
	}
	while ((field = gh_form_next(call->form, "roles", field)) != NULL)
		bad |= gh_json_append(list, gh_json_new_string(field->is_text ? field->value : ""));
	bad |= gh_json_set(body, "roles", list);
	if (bad != 0) {
		gh_json_free(body);
		body = NULL;
	}
	change_user(env, call, rest_user_roles, body, rep);
}

/* --- log-ins ---------------------------------------------------------------------------------- */

/* Is it the one that asks? */
static int
mark_this(const struct worker_env *env, const struct call *call, gh_json *session)
{
	const char *handle = gh_json_string(gh_json_get(session, "session"));
	char *own = call->session != NULL
	    ? gh_hex_encode(call->session->row.id, STORE_SESSION_ID_SIZE)
	    : NULL;
	bool is_this =
	    own != NULL && handle != NULL && strncasecmp(own, handle, STORE_SESSION_HANDLE) == 0;
	int bad = gh_json_set_bool(session, "is_this", is_this) |
	    console_set_minute(session, "since", gh_json_string(gh_json_get(session, "created"))) |
	    console_set_minute(session, "last", gh_json_string(gh_json_get(session, "used")));

	(void)env;
	free(own);
	return bad;
}

/* Whose they are, where one was asked for. */
static int
put_user(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	const char *user = gh_json_string(gh_json_get(gh_json_get(data, "values"), "user"));

	(void)env;
	(void)call;
	if (user != NULL && *user != '\0' && gh_json_set_string(data, "user", user) != 0)
		return gh_fail(err, GH_E_NOMEM, "log-ins");
	return 0;
}

static const struct console_list_filter session_filters[] = {{"user", NULL}, {NULL, NULL}};
static const struct console_list sessions = {.page = "sessions",
    .path = SESSIONS,
    .api = rest_sessions,
    .query = "limit=100",
    .cursor = "after",
    .filters = session_filters,
    .row = mark_this,
    .more = put_user};

void
console_sessions(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	console_list_reply(&sessions, env, call, rep);
}

void
console_session_end(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct console_ask what = {.handler = rest_session_end, .method = GH_HTTP_DELETE};
	const char *called = gh_form_get(call->form, "called");

	if (called == NULL)
		called = call_text(call->parts, "name");
	if (console_confirmed(env, call, "session", called, SESSIONS, rep))
		console_do(env, call, &what, SESSIONS, rep);
}

void
console_sessions_end(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct console_ask what = {.handler = rest_sessions_end, .method = GH_HTTP_DELETE};
	const char *user = gh_form_get(call->form, "user");
	struct gh_error err = {0};
	struct gh_buf q;

	if (user != NULL && !console_confirmed(env, call, "sessions", user, SESSIONS, rep))
		return;
	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "user", user);
	if (gh_buf_check(&q, &err) == 0) {
		what.query = (const char *)q.data;
		console_do(env, call, &what, SESSIONS, rep);
	} else {
		page_refuse(call, &err, rep);
	}
	gh_buf_free(&q);
}
