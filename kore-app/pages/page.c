/* Pages: templates, layout, headers. See page.h. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "markup.h"
#include "rest/rest.h"
#include "utf8.h"

#include "auth/login_session.h"

#include "own_path.h"
#include "page.h"
#include "page_asset.h"

#define PAGES_MAX 64
#define NAME_SIZE 64
#define PAGE_MAX (4 * 1024 * 1024) /* bytes of a page */
#define PATH_SIZE 512

/* Nothing from elsewhere; in no frame (W3C CSP 3). No script at all, but for pages that have ours:
 * a file, which may ask for the page again. */
#define CSP \
	"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; " \
	"base-uri 'none'; frame-ancestors 'none'"
#define CSP_SCRIPT CSP "; script-src 'self'; connect-src 'self'"
#define SCRIPT "console.js"
#define HEAD_END "</head>"
#define PERMISSIONS "camera=(), geolocation=(), microphone=(), payment=(), usb=()"

/* ---- templates ---- */

static struct {
	char name[NAME_SIZE];
	struct markup *markup;
} pages[PAGES_MAX];
static size_t n_pages;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* All are known to be good: a test parses them. */
static void
parse_all(void)
{
	struct gh_error err;

	for (size_t i = 0; i < embedded_pages_count && n_pages < PAGES_MAX; i++) {
		const struct gh_embedded *file = &embedded_pages[i];
		char *name = pages[n_pages].name;

		snprintf(name, NAME_SIZE, "%.*s", (int)strcspn(file->name, "."), file->name);
		if (markup_parse(file->name, file->data, file->len, MARKUP_HTML,
			&pages[n_pages].markup, &err) == 0)
			n_pages++;
		else
			gh_log_kv(GH_LOG_ERROR, "page template not read", "detail", err.detail,
			    NULL);
	}
}

/* arg: the name of the page that is asked for as "content". */
static const struct markup *
find_page(const void *arg, const char *name)
{
	pthread_once(&once, parse_all);
	if (strcmp(name, "content") == 0)
		name = arg;
	for (size_t i = 0; i < n_pages; i++)
		if (strcmp(pages[i].name, name) == 0)
			return pages[i].markup;
	return NULL;
}

/* ---- what the layout shows ---- */

static int
set_new(gh_json *o, const char *name, gh_json *v)
{
	return v == NULL ? -1 : gh_json_set(o, name, v);
}

static gh_json *
language_json(const struct words *w, bool is_current, const char *path)
{
	gh_json *o = gh_json_new_object();
	char link[PATH_SIZE + 32];

	snprintf(link, sizeof(link), "%s?lang=%s", path, words_language(w));
	if (o != NULL && gh_json_set_string(o, "code", words_language(w)) == 0 &&
	    gh_json_set_string(o, "name", words_get(w, "language.name")) == 0 &&
	    gh_json_set_string(o, "path", link) == 0 &&
	    gh_json_set_bool(o, "is_current", is_current) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* The same page in each language. A page that answers a form has no address that could be followed.
 */
static gh_json *
languages_json(const struct gh_http_request *req, int status, const struct words *current)
{
	bool has_path = status == 200 && (req->method & (GH_HTTP_GET | GH_HTTP_HEAD)) != 0 &&
	    strlen(req->path) < PATH_SIZE;
	gh_json *list = gh_json_new_array();
	const struct words *w;

	for (size_t i = 0; list != NULL && (w = words_at(i)) != NULL; i++)
		if (gh_json_append(list,
			language_json(w, w == current, has_path ? req->path : "/")) != 0) {
			gh_json_free(list);
			return NULL;
		}
	return list;
}

/* Who may go where; not shown to others. Rows of the route table decide who gets in. */
static const struct {
	const char *path, *name; /* name: of the text nav.NAME */
	bool is_for_known;       /* whoever is logged in */
} nav[] = {
    {"/", "home", false},
    {"/csr/upload", "csr", true},
    {"/requests", "requests", true},
    {"/console", "console", true},
};

static gh_json *
nav_json(const struct gh_http_request *req, bool is_known)
{
	gh_json *list = gh_json_new_array();

	for (size_t i = 0; list != NULL && i < sizeof(nav) / sizeof(nav[0]); i++) {
		gh_json *o;

		if (nav[i].is_for_known && !is_known)
			continue;
		if ((o = gh_json_new_object()) == NULL ||
		    gh_json_set_string(o, "path", nav[i].path) != 0 ||
		    gh_json_set_string(o, "name", nav[i].name) != 0 ||
		    gh_json_set_bool(o, "is_current", strcasecmp(nav[i].path, req->path) == 0) !=
			0 ||
		    gh_json_append(list, gh_json_ref(o)) != 0) {
			gh_json_free(list);
			list = NULL;
		}
		gh_json_free(o);
	}
	return list;
}

static int
set_file(gh_json *o, const char *member, const char *name)
{
	char path[PAGE_ASSET_PATH_SIZE];

	page_asset_path(name, path);
	return gh_json_set_string(o, member, path);
}

static gh_json *
layout_json(const struct gh_http_request *req, const struct requester *who, int status,
    const struct words *w)
{
	gh_json *o = gh_json_new_object();
	bool is_known = who != NULL && who->kind != REQUESTER_NONE;

	if (o != NULL && gh_json_set_string(o, "language", words_language(w)) == 0 &&
	    set_new(o, "languages", languages_json(req, status, w)) == 0 &&
	    set_new(o, "nav", nav_json(req, is_known)) == 0 &&
	    set_file(o, "style", "style.css") == 0 && set_file(o, "icon", "icon.svg") == 0 &&
	    gh_json_set_string(o, "user", is_known ? who->name : NULL) == 0 &&
	    gh_json_set_bool(o, "may_log_in", who != NULL && !is_known) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

static int
add_error(gh_json *list, const char *name, gh_json *wrong)
{
	gh_json *o = gh_json_new_object();

	if (o != NULL && gh_json_set_string(o, "name", name) == 0 &&
	    gh_json_set(o, "wrong", gh_json_ref(wrong)) == 0)
		return gh_json_append(list, o);
	gh_json_free(o);
	return -1;
}

/* {name: [rest_reason]} as [{name, wrong}], which a template can go through: the summary above a
 * form. */
static gh_json *
error_list(const gh_json *errors)
{
	gh_json *list = gh_json_new_array();
	int rc = list != NULL ? 0 : -1;

	for (void *it = gh_json_iter(errors); rc == 0 && it != NULL;
	     it = gh_json_next(errors, it)) {
		gh_json *of = gh_json_iter_value(it);

		for (size_t i = 0; rc == 0 && i < gh_json_size(of); i++)
			rc = add_error(list, gh_json_iter_name(it), gh_json_at(of, i));
	}
	if (rc == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

/* ---- replies ---- */

static void
put_headers(struct gh_http_reply *rep, bool has_script)
{
	gh_http_reply_header(rep, "Content-Security-Policy", has_script ? CSP_SCRIPT : CSP);
	/* with no-referrer, browsers send our own forms with "Origin: null" (Fetch, 3.2) */
	gh_http_reply_header(rep, "Referrer-Policy", "same-origin");
	gh_http_reply_header(rep, "Permissions-Policy", PERMISSIONS);
	gh_http_reply_header(rep, "Cross-Origin-Opener-Policy", "same-origin");
	gh_http_reply_header(rep, "Cross-Origin-Resource-Policy", "same-origin");
	gh_http_reply_header(rep, "Cache-Control", "no-store");
}

/* What forms carry. The log-in form brings a token of its own. */
static int
set_tokens(gh_json *data, const struct session *session)
{
	if (session == NULL)
		return 0;
	if (gh_json_get(data, "csrf") == NULL &&
	    gh_json_set_string(data, "csrf", session->token) != 0)
		return -1;
	return gh_json_set_string(data, "log_out_csrf", session->token);
}

/* Beside what the handler has given. call NULL: we do not know the caller, since the error came
 * before that was asked. */
static int
set_all(gh_json *data, const struct gh_http_request *req, const struct call *call, int status,
    const char *page)
{
	const struct requester *who = call != NULL ? call->requester : NULL;
	gh_json *layout = layout_json(req, who, status, page_words(req));

	if (set_new(data, "layout", layout) == 0 && gh_json_set_string(data, "page", page) == 0 &&
	    set_new(data, "error_list", error_list(gh_json_get(data, "errors"))) == 0)
		return set_tokens(data, call != NULL ? call->session : NULL);
	return -1;
}

/* The one script that a page can have, at the end of its head. No template has one: their parser
 * refuses it, whatever is in it. Frees text. */
static int
put_script(char *text, char **out, struct gh_error *err)
{
	const char *end = strstr(text, HEAD_END);
	char path[PAGE_ASSET_PATH_SIZE];
	int n = -1;

	page_asset_path(SCRIPT, path);
	if (end != NULL)
		n = asprintf(out, "%.*s<script src=\"%s\" defer></script>\n%s", (int)(end - text),
		    text, path, end);
	free(text);
	if (n >= 0)
		return 0;
	*out = NULL;
	return gh_fail(err, GH_E_NOMEM, "script of a page");
}

static bool
has_script(const gh_json *data)
{
	return gh_json_bool(gh_json_get(data, "has_script"), false);
}

/* 0 and *out, malloc'd. data is an object. */
static int
render(const struct gh_http_request *req, const char *page, const gh_json *data, char **out,
    struct gh_error *err)
{
	const struct markup_find find = {find_page, page};
	const struct markup *layout = find_page(page, "layout");
	struct gh_buf text;
	int rc;

	*out = NULL;
	if (layout == NULL)
		return gh_fail(err, GH_E_INTERNAL, "no layout");
	gh_buf_init(&text, PAGE_MAX);
	if ((rc = markup_render(layout, &find, data, page_words(req), &text, err)) == 0)
		*out = (char *)text.data;
	else
		gh_buf_free(&text);
	return rc == 0 && has_script(data) ? put_script(*out, out, err) : rc;
}

/* Takes over data. What cannot be rendered is answered as an error, without a page. */
static void
reply(const struct gh_http_request *req, const struct call *call, int status, const char *page,
    gh_json *data, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	char *text = NULL;
	int rc = data != NULL && set_all(data, req, call, status, page) == 0
	    ? render(req, page, data, &text, &err)
	    : gh_fail(&err, GH_E_NOMEM, "data of a page");
	bool is_scripted = has_script(data);

	gh_json_free(data);
	if (rc != 0) {
		rest_error(&err, req->request_id, NULL, rep);
		return;
	}
	put_headers(rep, is_scripted);
	page_language_keep(req, rep);
	gh_http_reply_text(rep, status, "text/html; charset=utf-8", text);
}

void
page_reply(const struct worker_env *env, const struct call *call, int status, const char *page,
    gh_json *data, struct gh_http_reply *rep)
{
	(void)env;
	reply(call->http, call, status, page, data, rep);
}

void
page_redirect(struct gh_http_reply *rep, const char *path)
{
	put_headers(rep, false);
	gh_http_reply_header(rep, "Location", own_path_is(path) ? path : "/");
	gh_http_reply_text(rep, 303, NULL, NULL);
}

/* ---- errors ---- */

static gh_json *
error_json(const struct gh_error *err, const char *request_id)
{
	const struct gh_error_info *info = gh_error_info(err->code);
	gh_json *o = gh_json_new_object();
	char status[16];

	snprintf(status, sizeof(status), "status_%d", info->http_status);
	if (o != NULL && set_new(o, "wrong", rest_reason(err)) == 0 &&
	    gh_json_set_int(o, "status", info->http_status) == 0 &&
	    gh_json_set_string(o, "status_name", status) == 0 &&
	    gh_json_set_string(o, "request_id", request_id) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* Both forms have the same headers, and the same lines in the log. */
static void
refuse(const struct gh_http_request *req, const struct call *call, const struct gh_error *err,
    struct gh_http_reply *rep)
{
	rest_error(err, req->request_id, NULL, rep);
	if (gh_http_prefers_html(req))
		reply(req, call, gh_error_info(err->code)->http_status, "error",
		    error_json(err, req->request_id), rep);
}

void
page_error(const struct gh_conf *conf, const struct gh_error *err,
    const struct gh_http_request *req, struct gh_http_reply *rep)
{
	(void)conf;
	refuse(req, NULL, err, rep);
}

void
page_refuse(const struct call *call, const struct gh_error *err, struct gh_http_reply *rep)
{
	refuse(call->http, call, err, rep);
}
