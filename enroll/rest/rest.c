/* JSON in and out, for all handlers of the REST API. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "percent.h"
#include "utf8.h"

#include "rest.h"

#define JSON_TYPE "application/json; charset=utf-8"
#define NO_MEMORY \
	"{\"code\":\"no_memory\",\"message\":\"The server is out of memory. Please try again later.\"}"
#define RETRY_AFTER 5  /* seconds */
#define MEMBER_SIZE 40 /* of a name in a path, with its NUL */

/* --- body ------------------------------------------------------------------------------------- */

int
rest_body(const struct call *call, gh_json **out, struct gh_error *err)
{
	const struct gh_http_request *http = call->http;
	int rc;

	*out = NULL;
	if (http->body_len == 0) {
		*out = gh_json_new_object();
		return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "body");
	}
	rc = gh_json_parse((const char *)http->body, http->body_len, GH_JSON_STRICT, out, err);
	if (rc == 0 && gh_json_type(*out) != GH_JSON_OBJECT) {
		gh_json_free(*out);
		*out = NULL;
		rc = gh_refuse(err, GH_E_BAD_JSON, "The body must be a JSON object.");
	}
	return rc;
}

/* --- answers ---------------------------------------------------------------------------------- */

void
rest_json(struct gh_http_reply *rep, int status, gh_json *value)
{
	char *text = value != NULL ? gh_json_print(value, false) : NULL;

	gh_json_free(value);
	if (text == NULL) {
		status = 500;
		text = strdup(NO_MEMORY);
	}
	gh_http_reply_text(rep, status, JSON_TYPE, text);
}

static void
put_error_headers(const struct gh_error *err, const struct gh_error_info *info,
    struct gh_http_reply *rep)
{
	char seconds[16];

	if (!info->is_retryable && err->retry_after <= 0)
		return;
	snprintf(seconds, sizeof(seconds), "%d",
	    err->retry_after > 0 ? err->retry_after : RETRY_AFTER);
	gh_http_reply_header(rep, "Retry-After", seconds);
}

static gh_json *
error_object(const char *code, const char *message, const char *request_id)
{
	gh_json *o = gh_json_new_object();

	if (o != NULL && gh_json_set_string(o, "code", code) == 0 &&
	    gh_json_set_string(o, "message", message) == 0 &&
	    (request_id == NULL || gh_json_set_string(o, "request_id", request_id) == 0))
		return o;
	gh_json_free(o);
	return NULL;
}

static gh_json *
add_members(gh_json *o, const gh_json *more)
{
	void *it = o != NULL && more != NULL ? gh_json_iter(more) : NULL;

	for (; it != NULL; it = gh_json_next(more, it)) {
		if (gh_json_set(o, gh_json_iter_name(it), gh_json_ref(gh_json_iter_value(it))) == 0)
			continue;
		gh_json_free(o);
		return NULL;
	}
	return o;
}

void
rest_error(const struct gh_error *err, const char *request_id, gh_json *more,
    struct gh_http_reply *rep)
{
	const struct gh_error_info *info = gh_error_info(err->code);
	/* what it is that is wrong stands beside it */
	bool is_named = err->code == GH_E_VALIDATION && gh_json_get(more, "errors") != NULL;
	char message[sizeof(err->message)];

	snprintf(message, sizeof(message), "%s",
	    *err->message != '\0' && !is_named ? err->message : info->message);
	gh_utf8_clean(message);
	gh_http_reply_cause(rep, err);
	put_error_headers(err, info, rep);
	rest_json(rep, info->http_status,
	    add_members(error_object(info->name, message, request_id), more));
	gh_json_free(more);
}

/* --- validation ------------------------------------------------------------------------------- */

/* Takes over v. */
static void
add_to(struct rest_fields *f, gh_json **lists, const char *name, gh_json *v)
{
	gh_json *list;

	if (*lists == NULL)
		*lists = gh_json_new_object();
	if ((list = gh_json_get(*lists, name)) == NULL && *lists != NULL &&
	    gh_json_set(*lists, name, gh_json_new_array()) == 0)
		list = gh_json_get(*lists, name);
	if (list == NULL)
		gh_json_free(v);
	f->failed |= list == NULL || v == NULL || gh_json_append(list, v) != 0;
}

gh_json *
rest_reason(const struct gh_error *err)
{
	const struct gh_error_info *info = gh_error_info(err->code);
	bool is_said = err->reason != NULL, is_usual = strcmp(err->message, info->message) == 0;
	char value[sizeof(err->value)], message[sizeof(err->message)];
	gh_json *o = gh_json_new_object();

	/* a name of the caller's may have been cut inside a character */
	snprintf(value, sizeof(value), "%s", err->value);
	snprintf(message, sizeof(message), "%s", is_said || is_usual ? "" : err->message);
	if (o != NULL && gh_json_set_string(o, "texts", is_said ? "wrong" : "wrong_code") == 0 &&
	    gh_json_set_string(o, "reason", is_said ? err->reason : info->name) == 0 &&
	    gh_json_set_string(o, "value", gh_utf8_clean(value)) == 0 &&
	    gh_json_set_string(o, "message", gh_utf8_clean(message)) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
rest_field_refused(struct rest_fields *f, const char *name, const struct gh_error *err)
{
	char text[sizeof(err->message)];

	snprintf(text, sizeof(text), "%s",
	    *err->message != '\0' ? err->message : gh_error_info(err->code)->message);
	add_to(f, &f->errors, name, gh_json_new_string(gh_utf8_clean(text)));
	add_to(f, &f->reasons, name, rest_reason(err));
}

int
rest_query_refused(struct rest_fields *f, struct gh_error *err)
{
	const struct gh_error why = *err;

	rest_field_refused(f, "query", &why);
	return gh_refuse(err, why.code, "query: %s", why.message);
}

void
rest_field_wrong(struct rest_fields *f, const char *name, const char *fmt, ...)
{
	struct gh_error err;
	va_list ap;

	(void)gh_fail(&err, GH_E_VALIDATION, "%s", name);
	va_start(ap, fmt);
	vsnprintf(err.message, sizeof(err.message), fmt, ap);
	va_end(ap);
	rest_field_refused(f, name, &err);
}

void
rest_field_wrong_as(struct rest_fields *f, const char *name, const char *reason, const char *value,
    const char *fmt, ...)
{
	struct gh_error err;
	va_list ap;

	(void)gh_refuse_as(&err, GH_E_VALIDATION, reason, value, "%s", name);
	va_start(ap, fmt);
	vsnprintf(err.message, sizeof(err.message), fmt, ap);
	va_end(ap);
	rest_field_refused(f, name, &err);
}

const gh_json *
rest_member(const gh_json *body, const char *path)
{
	const char *point;

	for (; (point = strchr(path, '.')) != NULL; path = point + 1) {
		char name[MEMBER_SIZE];

		snprintf(name, sizeof(name), "%.*s", (int)(point - path), path);
		body = gh_json_get(body, name);
	}
	return gh_json_get(body, path);
}

const char *
rest_text(struct rest_fields *f, const gh_json *body, const char *name, size_t min, size_t max,
    bool required)
{
	const gh_json *v = rest_member(body, name);
	const char *text = gh_json_string(v);
	char value[24];
	size_t n;

	if (gh_json_type(v) == GH_JSON_NULL) {
		if (required)
			rest_field_wrong_as(f, name, "required", NULL, "The field %s is required.",
			    name);
		return NULL;
	}
	if (text == NULL) {
		rest_field_wrong(f, name, "The field %s must be a string.", name);
		return NULL;
	}
	n = gh_utf8_length(text, gh_json_string_length(v));
	if (n >= min && n <= max)
		return text;
	snprintf(value, sizeof(value), "%zu", n < min ? min : max);
	if (n == 0)
		rest_field_wrong_as(f, name, "empty", NULL, "The field %s must not be empty.",
		    name);
	else if (n < min)
		rest_field_wrong_as(f, name, "too_short", value,
		    "The field %s must be at least %s characters.", name, value);
	else
		rest_field_wrong_as(f, name, "too_long", value,
		    "The field %s must be at most %s characters.", name, value);
	return NULL;
}

int
rest_errors_refuse(const gh_json *errors, struct gh_error *err)
{
	void *first = gh_json_iter(errors);
	const char *text =
	    first != NULL ? gh_json_string(gh_json_at(gh_json_iter_value(first), 0)) : NULL;

	if (text == NULL)
		return gh_fail(err, GH_E_VALIDATION, "what is wrong has no name");
	return gh_refuse(err, GH_E_VALIDATION, "%s: %s", gh_json_iter_name(first), text);
}

int
rest_fields_check(const struct rest_fields *f, struct gh_error *err)
{
	if (f->failed)
		return gh_fail(err, GH_E_NOMEM, "validation errors");
	if (f->errors == NULL)
		return 0;
	(void)!rest_errors_refuse(f->errors, err);
	/* log and audit trail do not repeat what somebody has typed */
	snprintf(err->detail, sizeof(err->detail), "the body is not valid");
	return GH_E_VALIDATION;
}

gh_json *
rest_fields_take(struct rest_fields *f)
{
	gh_json *o = f->errors != NULL ? gh_json_new_object() : NULL;

	if (o != NULL)
		(void)gh_json_set(o, "errors", f->errors); /* takes it over in any case */
	else
		gh_json_free(f->errors);
	f->errors = NULL;
	rest_fields_clear(f);
	return o;
}

void
rest_fields_clear(struct rest_fields *f)
{
	gh_json_free(f->errors);
	gh_json_free(f->reasons);
	f->errors = f->reasons = NULL;
}

/* --- query ------------------------------------------------------------------------------------ */

int
rest_query(const struct call *call, const char *name, char **out, struct gh_error *err)
{
	const char *p = call->http->query != NULL ? call->http->query : "";
	size_t name_len = strlen(name);
	int found = 0;

	*out = NULL;
	while (*p != '\0') {
		size_t n = strcspn(p, "&");

		if (n > name_len && strncmp(p, name, name_len) == 0 && p[name_len] == '=') {
			free(*out);
			*out = NULL;
			if (found++ > 0)
				return gh_refuse(err, GH_E_BAD_REQUEST,
				    "The parameter %s is there twice.", name);
			if ((*out = gh_percent_value(p + name_len + 1, n - name_len - 1)) == NULL)
				return gh_refuse(err, GH_E_BAD_REQUEST,
				    "The parameter %s is malformed.", name);
		}
		p += n;
		p += *p == '&';
	}
	return 0;
}

static bool
is_one_of(const char *const *names, const char *name, size_t n)
{
	for (; *names != NULL; names++)
		if (strlen(*names) == n && strncmp(*names, name, n) == 0)
			return true;
	return false;
}

void
rest_query_only(const struct call *call, const char *const *names, struct rest_fields *f)
{
	const char *p = call->http->query != NULL ? call->http->query : "";

	while (*p != '\0') {
		size_t whole = strcspn(p, "&"), n = strcspn(p, "=&");
		char name[41];

		if (whole > 0 && !is_one_of(names, p, n)) {
			snprintf(name, sizeof(name), "%.*s",
			    (int)(n < sizeof(name) ? n : sizeof(name) - 1), p);
			rest_field_wrong(f, gh_utf8_clean(name), "There is no such parameter.");
		}
		p += whole;
		p += *p == '&';
	}
}
