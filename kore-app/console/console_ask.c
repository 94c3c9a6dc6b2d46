/* The REST API, asked within the process. See console_ask.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "rest/rest.h"

#include "pages/page.h"

#include "console_ask.h"

#define FIELDS_MAX 3

void
console_query_put(struct gh_buf *query, const char *name, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	gh_buf_putf(query, "%s%s=", query->len > 0 ? "&" : "", name);
	for (const char *c = value; *c != '\0'; c++)
		gh_buf_putf(query, "%%%02X", (unsigned char)*c);
}

int
console_typed_check(const struct gh_buf *typed, struct gh_error *err)
{
	if (gh_buf_check(typed, NULL) == 0)
		return 0;
	return gh_refuse(err, GH_E_TOO_LARGE, "What you have typed is too long. Shorten it.");
}

const char *
console_answer_header(const struct gh_http_reply *rep, const char *name)
{
	for (size_t i = 0; i < rep->headers; i++)
		if (strcmp(rep->header[i].name, name) == 0)
			return rep->header[i].value;
	return NULL;
}

/* --- the answer ------------------------------------------------------------------------------- */

static enum gh_code
code_of(const char *name)
{
	for (int code = GH_OK; name != NULL && code >= GH_CODE_MIN; code--)
		if (strcmp(gh_error_info((enum gh_code)code)->name, name) == 0)
			return gh_error_info((enum gh_code)code)->code;
	return GH_E_INTERNAL;
}

static void
put_error(const struct gh_http_reply *rep, const gh_json *answer, struct gh_error *err)
{
	const char *message = gh_json_string(gh_json_get(answer, "message"));

	gh_error_clear(err);
	err->code = code_of(rep->code);
	snprintf(err->message, sizeof(err->message), "%s", message != NULL ? message : "");
	if (err->code == GH_E_VALIDATION && gh_json_size(gh_json_get(answer, "errors")) > 0)
		(void)!rest_errors_refuse(gh_json_get(answer, "errors"), err);
	snprintf(err->detail, sizeof(err->detail), "%s", rep->cause != NULL ? rep->cause : "");
}

/* [text] as [rest_reason] */
static gh_json *
reasons_of(const gh_json *texts, enum gh_code code)
{
	struct gh_error err = {.code = code};
	gh_json *list = gh_json_new_array();

	for (size_t i = 0; list != NULL && i < gh_json_size(texts); i++) {
		const char *text = gh_json_string(gh_json_at(texts, i));

		snprintf(err.message, sizeof(err.message), "%s", text != NULL ? text : "");
		if (gh_json_append(list, rest_reason(&err)) != 0) {
			gh_json_free(list);
			list = NULL;
		}
	}
	return list;
}

/* NULL: the answer names no members, or out of memory. */
static gh_json *
wrong_members(const gh_json *answer, enum gh_code code)
{
	const gh_json *errors = gh_json_get(answer, "errors");
	gh_json *o = gh_json_size(errors) > 0 ? gh_json_new_object() : NULL;

	for (void *it = o != NULL ? gh_json_iter(errors) : NULL; o != NULL && it != NULL;
	     it = gh_json_next(errors, it)) {
		gh_json *list = reasons_of(gh_json_iter_value(it), code);

		if (list == NULL || gh_json_set(o, gh_json_iter_name(it), list) != 0) {
			gh_json_free(o);
			o = NULL;
		}
	}
	return o;
}

/* --- the question ----------------------------------------------------------------------------- */

static void
put_field(struct gh_http_request *req, const char *name, const char *value)
{
	if (value != NULL && req->fields < FIELDS_MAX)
		req->field[req->fields++] = (struct gh_http_field){name, value};
}

/* The handler's answer to it. */
static int
send(struct worker_env *env, const struct call *call, const struct console_ask *a,
    struct gh_http_reply *rep, struct gh_error *err)
{
	static char no_query[] = "";
	struct gh_http_field field[FIELDS_MAX];
	struct gh_http_request req = *call->http; /* what it points to stays the caller's */
	struct call inner = *call;
	char *body = NULL, *query = NULL;

	if ((a->body != NULL && (body = gh_json_print(a->body, false)) == NULL) ||
	    (a->query != NULL && (query = strdup(a->query)) == NULL)) {
		free(body);
		return gh_fail(err, GH_E_NOMEM, "question of a page");
	}
	req.method = a->method;
	req.query = query != NULL ? query : no_query;
	req.field = field;
	req.fields = 0;
	put_field(&req, "accept", "application/json");
	put_field(&req, "content-type",
	    body != NULL          ? "application/json"
		: a->file != NULL ? "application/octet-stream"
				  : NULL);
	put_field(&req, "if-match", a->if_match);
	req.body = (unsigned char *)body;
	req.body_len = body != NULL ? strlen(body) : 0;
	if (body == NULL && a->file != NULL) {
		req.body = (unsigned char *)a->file->value;
		req.body_len = a->file->len;
	}
	inner.http = &req;
	if (a->parts != NULL)
		inner.parts = a->parts;
	a->handler(env, &inner, rep);
	if (body != NULL)
		OPENSSL_cleanse(body, strlen(body)); /* passwords, too */
	free(body);
	free(query);
	return 0;
}

static bool
is_success(const struct gh_http_reply *rep)
{
	return rep->broken == NULL && rep->status >= 200 && rep->status < 300;
}

int
console_ask(struct worker_env *env, const struct call *call, const struct console_ask *a,
    gh_json **out, struct gh_error *err)
{
	struct gh_http_reply rep = {0};
	gh_json *answer = NULL;
	int rc = send(env, call, a, &rep, err);

	*out = NULL;
	if (rc == 0 && rep.body == NULL && rep.status != 204)
		rc = gh_fail(err, GH_E_INTERNAL, "an answer without a body");
	if (rc == 0 && rep.body != NULL)
		rc = gh_json_parse((const char *)rep.body, rep.body_len, GH_JSON_STRICT, &answer,
		    err);
	if (rc == 0 && is_success(&rep)) {
		*out = answer;
	} else if (rc == 0) {
		put_error(&rep, answer, err);
		*out = wrong_members(answer, err->code);
		gh_json_free(answer);
		rc = err->code;
	}
	gh_http_reply_clear(&rep);
	return rc;
}

int
console_get(struct worker_env *env, const struct call *call, console_handler handler,
    const char *query, gh_json **out, struct gh_error *err)
{
	const struct console_ask what = {.handler = handler, .method = GH_HTTP_GET, .query = query};

	return console_ask(env, call, &what, out, err);
}

void
console_do(struct worker_env *env, const struct call *call, const struct console_ask *a,
    const char *path, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *answer;

	if (console_ask(env, call, a, &answer, &err) == 0)
		page_redirect(rep, path);
	else
		page_refuse(call, &err, rep);
	gh_json_free(answer);
}

int
console_fetch(struct worker_env *env, const struct call *call, const struct console_ask *a,
    struct gh_http_reply *rep, struct gh_error *err)
{
	gh_json *answer = NULL;
	int rc = send(env, call, a, rep, err);

	if (rc != 0 || is_success(rep))
		return rc;
	if (rep->body != NULL)
		rc = gh_json_parse((const char *)rep->body, rep->body_len, GH_JSON_STRICT, &answer,
		    err);
	if (rc == 0)
		put_error(rep, answer, err);
	gh_json_free(answer);
	gh_http_reply_clear(rep);
	return err->code;
}
