/* Log-in and log-out of browsers. See page_login.h. */
#include <stdio.h>
#include <string.h>

#include "form.h"
#include "http_accept.h"
#include "rest/rest.h"
#include "store/session/session_list.h"
#include "timestamp.h"

#include "auth/auth.h"
#include "auth/login_token.h"
#include "auth/login_session.h"

#include "own_path.h"
#include "page.h"
#include "page_login.h"

#define SESSIONS_SHOWN 100

/* --- the form --------------------------------------------------------------------------------- */

/* What the form says of a failure: the text login.failure.NAME. */
static const char *
failure_name(enum gh_code code)
{
	switch (code) {
	case GH_E_AUTH_FAILED:
	case GH_E_ACCOUNT_DISABLED:
	case GH_E_RATE_LIMITED:
	case GH_E_BUSY:
	case GH_E_DIR_DOWN:
	case GH_E_DB_DOWN:
		return gh_error_info(code)->name;
	default:
		return "other";
	}
}

static gh_json *
form_json(const struct call *call, const char *token, const char *user, const char *next,
    const struct gh_error *failure)
{
	gh_json *o = gh_json_new_object(), *values = gh_json_new_object();

	if (o != NULL && values != NULL &&
	    gh_json_set_string(values, "user", user != NULL ? user : "") == 0 &&
	    gh_json_set(o, "values", gh_json_ref(values)) == 0 &&
	    gh_json_set_string(o, "csrf", token) == 0 && gh_json_set_string(o, "next", next) == 0 &&
	    gh_json_set_bool(o, "has_certificate", call->http->client_cert != NULL) == 0 &&
	    gh_json_set_string(o, "failure",
		failure != NULL ? failure_name(failure->code) : NULL) == 0) {
		gh_json_free(values);
		return o;
	}
	gh_json_free(values);
	gh_json_free(o);
	return NULL;
}

/* failure NULL: nobody has tried yet. */
static void
show_form(struct worker_env *env, const struct call *call, const char *user, const char *next,
    const struct gh_error *failure, struct gh_http_reply *rep)
{
	int status = failure != NULL ? gh_error_info(failure->code)->http_status : 200;
	char token[LOGIN_TOKEN_SIZE], seconds[16];
	struct gh_error err;

	if (login_token_make(env, call->http, rep, token, &err) != 0) {
		page_refuse(call, &err, rep);
		return;
	}
	if (failure != NULL && failure->retry_after > 0) {
		snprintf(seconds, sizeof(seconds), "%d", failure->retry_after);
		gh_http_reply_header(rep, "Retry-After", seconds);
	}
	page_reply(env, call, status, "login", form_json(call, token, user, next, failure), rep);
}

/*
 * A link from elsewhere (a mail) comes without our cookie, since that is SameSite=Strict; and so
 * does what it is redirected to. From this page the browser goes on by itself as from one of ours,
 * with the cookie, if it has one.
 */
static void
put_refresh(const struct gh_http_request *http, const char *next, struct gh_http_reply *rep)
{
	const char *site = gh_http_header(http, "sec-fetch-site");
	char line[OWN_PATH_MAX + 16];

	if (site == NULL || strcmp(site, "cross-site") != 0 || session_has_cookie(http) ||
	    strcmp(next, "/") == 0)
		return;
	snprintf(line, sizeof(line), "0; url=%s", next);
	gh_http_reply_header(rep, "Refresh", line);
}

/* --- who is logged in ------------------------------------------------------------------------- */

/* [{"name"}], so that the page has a text for each. */
static gh_json *
roles_json(unsigned roles)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
	    {REQUESTER_ROLE_ADMIN, "admin"},
	    {REQUESTER_ROLE_OFFICER, "officer"},
	    {REQUESTER_ROLE_AUDITOR, "auditor"},
	    {REQUESTER_ROLE_AGENT, "agent"},
	};
	gh_json *list = gh_json_new_array();

	for (size_t i = 0; list != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
		gh_json *o = gh_json_new_object();

		if ((roles & names[i].bit) == 0) {
			gh_json_free(o);
		} else if (gh_json_set_string(o, "name", names[i].name) != 0 ||
		    gh_json_append(list, gh_json_ref(o)) != 0) {
			gh_json_free(o);
			gh_json_free(list);
			list = NULL;
		} else {
			gh_json_free(o);
		}
	}
	return list;
}

/* Takes over sessions. */
static gh_json *
account_json(const struct call *call, gh_json *sessions)
{
	gh_json *o = gh_json_new_object();

	if (o == NULL) {
		gh_json_free(sessions);
		return NULL;
	}
	if (gh_json_set(o, "sessions", sessions) == 0 &&
	    gh_json_set_string(o, "name", call->requester->name) == 0 &&
	    gh_json_set(o, "roles", roles_json(call->requester->roles)) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static void
show_account(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct store_session_filter mine = {.person = call->requester};
	const struct store_session_page newest = {.now = gh_now(),
	    .idle = env->conf->pages.session_idle,
	    .limit = SESSIONS_SHOWN};
	gh_json *sessions;
	struct gh_error err;

	if (store_list_sessions(env->store, &mine, &newest, &sessions, NULL, &err) != 0) {
		page_refuse(call, &err, rep);
		return;
	}
	page_reply(env, call, 200, "account", account_json(call, sessions), rep);
}

/* --- what is asked ---------------------------------------------------------------------------- */

void
page_login(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	char next[OWN_PATH_MAX + 1];

	own_path_next(call->http->query, next);
	if (call->session == NULL) {
		put_refresh(call->http, next, rep);
		show_form(env, call, NULL, next, NULL, rep);
	} else if (strcmp(next, "/") != 0) {
		page_redirect(rep, next);
	} else {
		show_account(env, call, rep);
	}
}

/* Where the form says to go on. */
static const char *
next_of(const struct call *call)
{
	const char *next = gh_form_get(call->form, "next");

	return next != NULL && own_path_is(next) ? next : "/";
}

/* rc and err: of the log-in. */
static void
answer(struct worker_env *env, const struct call *call, const char *user, int rc,
    struct auth_result *who, struct gh_error *err, struct gh_http_reply *rep)
{
	if (rc == 0)
		rc = session_start(env, call, who, rep, err);
	auth_result_clear(who);
	if (rc == 0) {
		page_redirect(rep, next_of(call));
		return;
	}
	if (gh_http_prefers_html(call->http))
		show_form(env, call, user, next_of(call), err, rep);
	else
		page_refuse(call, err, rep);
	gh_http_reply_cause(rep, err);
}

void
page_login_password(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const char *user = gh_form_get(call->form, "user"),
		   *password = gh_form_get(call->form, "password");
	struct auth_result who = {0};
	struct gh_error err = {0};
	int rc = auth_log_in(env, call->limiter, call->http, user != NULL ? user : "",
	    password != NULL ? password : "", &who, &err);

	answer(env, call, user, rc, &who, &err, rep);
}

void
page_login_certificate(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct auth_result who = {0};
	struct gh_error err = {0};
	int rc = auth_log_in_by_cert(env, call->limiter, call->http, &who, &err);

	answer(env, call, NULL, rc, &who, &err, rep);
}

void
page_logout(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const char *everywhere = gh_form_get(call->form, "everywhere");
	struct gh_error err = {0};

	if (session_log_out(env, call, everywhere != NULL && strcmp(everywhere, "yes") == 0, rep,
		&err) != 0)
		page_refuse(call, &err, rep);
	else
		page_redirect(rep, "/");
}

void
page_login_ask(const struct gh_http_request *req, struct gh_http_reply *rep)
{
	char path[OWN_PATH_LOGIN_SIZE] = "/login";

	if ((req->method & (GH_HTTP_GET | GH_HTTP_HEAD)) == 0 ||
	    !own_path_login(req->path, req->query, path))
		strcpy(path, "/login");
	page_redirect(rep, path);
}
