/* Questions to our own handlers, and their answers in the words of KeyfactorAPI. See kf_ask.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "buf.h"
#include "percent.h"
#include "rest/rest.h"
#include "utf8.h"

#include "kf_ask.h"

#define MESSAGE_MAX 4096
#define FIELDS_MAX 4

/* ---- asking ---- */

/* One of them is in a path. */
static void
put_parts(const struct kf_question *q, struct call_parts *parts)
{
	const struct {
		const char *name, *text;
	} texts[] = {{"profile}", q->profile}, {"kid}", q->key}, {"name}", q->name}};
	struct call_part *p = &parts->part[0];

	memset(parts, 0, sizeof(*parts));
	if (q->id != 0)
		*p = (struct call_part){.name = "id}", .number = q->id};
	for (size_t i = 0; p->name == NULL && i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].text == NULL)
			continue;
		p->name = texts[i].name;
		snprintf(p->text, sizeof(p->text), "%s", texts[i].text);
	}
	parts->n = p->name != NULL;
}

int
kf_ask_reply(struct worker_env *env, const struct call *call, const struct kf_question *q,
    struct gh_http_reply *rep, struct gh_error *err)
{
	struct gh_http_field field[FIELDS_MAX] = {{"accept", "application/json"},
	    {"content-type", "application/json"}};
	char *body = q->body != NULL ? gh_json_print(q->body, false) : NULL;
	struct gh_http_request http = *call->http;
	struct call_parts parts;
	struct call inner = *call;
	size_t fields = 2;

	memset(rep, 0, sizeof(*rep));
	if (q->body != NULL && body == NULL)
		return gh_fail(err, GH_E_NOMEM, "question");
	put_parts(q, &parts);
	if (q->if_match != NULL)
		field[fields++] = (struct gh_http_field){"if-match", q->if_match};
	if (q->if_none_match != NULL)
		field[fields++] = (struct gh_http_field){"if-none-match", q->if_none_match};
	http.method = q->method;
	http.query = (char *)(q->query != NULL ? q->query : "");
	http.field = field;
	http.fields = fields;
	http.body = (unsigned char *)body;
	http.body_len = body != NULL ? strlen(body) : 0;
	inner.http = &http;
	inner.parts = &parts;
	q->handler(env, &inner, rep);
	if (body != NULL)
		OPENSSL_cleanse(body, strlen(body)); /* passwords, too */
	free(body);
	return 0;
}

gh_json *
kf_reply_json(const struct gh_http_reply *rep)
{
	gh_json *out = NULL;

	if (rep->body == NULL ||
	    gh_json_parse((const char *)rep->body, rep->body_len, GH_JSON_STRICT, &out, NULL) != 0)
		return NULL;
	return out;
}

void
kf_take_cause(struct gh_http_reply *rep, struct gh_http_reply *inner)
{
	if (inner->cause == NULL)
		return;
	free(rep->cause);
	rep->cause = inner->cause;
	inner->cause = NULL;
}

int
kf_status(int status)
{
	return status == 422 || status == 428 ? 400 : status;
}

bool
kf_ask(struct worker_env *env, const struct call *call, const struct kf_question *q, gh_json **out,
    struct gh_http_reply *rep)
{
	struct gh_http_reply inner;
	struct gh_error err = {0};
	char *message;
	bool ok = false;

	*out = NULL;
	if (kf_ask_reply(env, call, q, &inner, &err) != 0) {
		kf_error(&err, rep);
		return false;
	}
	if (inner.status >= 200 && inner.status < 300) {
		ok = inner.body_len == 0 || (*out = kf_reply_json(&inner)) != NULL;
		if (!ok)
			kf_fail(rep, 500, "internal", "The answer cannot be told.");
	} else {
		message = kf_refusal(&inner);
		kf_fail(rep, kf_status(inner.status), inner.code, message);
		kf_take_cause(rep, &inner);
		free(message);
	}
	gh_http_reply_clear(&inner);
	return ok;
}

/* ---- refusals ---- */

/* " query: column 1: ..." of {"errors":{"query":["column 1: ..."]}} */
static void
put_errors(struct gh_buf *b, const gh_json *errors)
{
	for (void *it = gh_json_iter(errors); it != NULL; it = gh_json_next(errors, it)) {
		const gh_json *list = gh_json_iter_value(it);

		for (size_t i = 0; i < gh_json_size(list); i++) {
			const char *text = gh_json_string(gh_json_at(list, i));

			gh_buf_putf(b, "%s%s: %s", b->len > 0 ? " " : "", gh_json_iter_name(it),
			    text != NULL ? text : "");
		}
	}
}

char *
kf_refusal(const struct gh_http_reply *rep)
{
	gh_json *o = kf_reply_json(rep);
	const char *message = kf_string(o, "message");
	struct gh_buf b;

	gh_buf_init(&b, MESSAGE_MAX);
	put_errors(&b, gh_json_get(o, "errors"));
	if (b.len == 0)
		gh_buf_puts(&b, *message != '\0' ? message : kf_string(o, "Message"));
	gh_buf_putc(&b, '\0');
	gh_json_free(o);
	if (gh_buf_check(&b, NULL) == 0)
		return (char *)b.data;
	gh_buf_free(&b);
	return NULL;
}

void
kf_fail(struct gh_http_reply *rep, int status, const char *code, const char *message)
{
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_string(o, "ErrorCode", code != NULL ? code : "internal") |
	    gh_json_set_string(o, "Message",
		message != NULL && *message != '\0' ? message : "The call was refused.");

	if (bad != 0) {
		gh_json_free(o);
		o = NULL;
	}
	rest_json(rep, status, o);
	rep->code = code;
}

void
kf_error(const struct gh_error *err, struct gh_http_reply *rep)
{
	const struct gh_error_info *info = gh_error_info(err->code);
	char message[sizeof(err->message)];

	/* what the caller sent is cut in it, maybe inside a character */
	snprintf(message, sizeof(message), "%s", err->message);
	kf_fail(rep, info->http_status == 422 ? 400 : info->http_status, info->name,
	    gh_utf8_clean(message));
	gh_http_reply_cause(rep, err);
}

void
kf_json(struct gh_http_reply *rep, gh_json *value)
{
	gh_http_reply_header(rep, "Cache-Control", "no-store");
	rest_json(rep, 200, value);
}

/* ---- bodies ---- */

int
kf_body_any(const struct call *call, gh_json **out, struct gh_error *err)
{
	const struct gh_http_request *http = call->http;

	return gh_json_parse(http->body_len > 0 ? (const char *)http->body : "", http->body_len,
	    GH_JSON_LENIENT, out, err);
}

/* None is an empty object. */
static int
parse_object(const char *text, size_t len, gh_json **out, struct gh_error *err)
{
	int rc;

	*out = NULL;
	if (len == 0) {
		*out = gh_json_new_object();
		return *out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "body");
	}
	rc = gh_json_parse(text, len, GH_JSON_LENIENT, out, err);
	if (rc == 0 && gh_json_type(*out) != GH_JSON_OBJECT) {
		gh_json_free(*out);
		*out = NULL;
		rc = gh_refuse(err, GH_E_BAD_JSON, "The body must be a JSON object.");
	}
	return rc;
}

int
kf_body(const struct call *call, gh_json **out, struct gh_error *err)
{
	return parse_object((const char *)call->http->body, call->http->body_len, out, err);
}

/* Bytes of text up to the end of the object or array that it begins with; len: it does not end. */
static size_t
first_len(const char *text, size_t len)
{
	bool in_string = false;
	size_t open = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			open++;
		else if (!in_string && (c == '}' || c == ']') && open > 0 && --open == 0)
			return i + 1;
	}
	return len;
}

int
kf_body_first(const struct call *call, gh_json **out, struct gh_error *err)
{
	const char *text = (const char *)call->http->body;

	return parse_object(text, first_len(text, call->http->body_len), out, err);
}

int
kf_text(const gh_json *o, const char *name, const char **out, struct gh_error *err)
{
	gh_json *v;
	int rc = gh_json_find(o, name, &v, err);

	*out = NULL;
	if (rc != 0 || gh_json_type(v) == GH_JSON_NULL)
		return rc;
	if ((*out = gh_json_string(v)) == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST, "%s is not a string.", name);
	return 0;
}

int
kf_number(const gh_json *o, const char *name, int64_t *out, struct gh_error *err)
{
	gh_json *v;
	int rc = gh_json_find(o, name, &v, err);

	*out = 0;
	if (rc != 0 || gh_json_type(v) == GH_JSON_NULL)
		return rc;
	if (!gh_json_int(v, out))
		return gh_refuse(err, GH_E_BAD_REQUEST, "%s is no number.", name);
	return 0;
}

int
kf_flag(const gh_json *o, const char *name, bool absent, bool *out, struct gh_error *err)
{
	gh_json *v;
	int rc = gh_json_find(o, name, &v, err);

	*out = absent;
	if (rc != 0 || gh_json_type(v) == GH_JSON_NULL)
		return rc;
	if (gh_json_type(v) != GH_JSON_BOOL)
		return gh_refuse(err, GH_E_BAD_REQUEST, "%s is not true or false.", name);
	*out = gh_json_bool(v, absent);
	return 0;
}

const char *
kf_string(const gh_json *o, const char *name)
{
	const char *s = gh_json_string(gh_json_get(o, name));

	return s != NULL ? s : "";
}

/* ---- queries ---- */

/* The name of p, n bytes up to "=", is it this one? */
static bool
is_named(const char *p, size_t n, const char *name)
{
	static const char *const prefixes[] = {"pq.", "sq.", "pagedQuery."};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t k = strlen(prefixes[i]);

		if (n > k && strncasecmp(p, prefixes[i], k) == 0) {
			p += k;
			n -= k;
			break;
		}
	}
	return strlen(name) == n && strncasecmp(p, name, n) == 0;
}

int
kf_param(const struct call *call, const char *name, char **out, struct gh_error *err)
{
	const char *p = call->http->query != NULL ? call->http->query : "";

	*out = NULL;
	while (*p != '\0') {
		size_t n = strcspn(p, "&"), k = strcspn(p, "=&");

		if (k < n && is_named(p, k, name)) {
			free(*out);
			if ((*out = gh_percent_value(p + k + 1, n - k - 1)) == NULL)
				return gh_refuse(err, GH_E_BAD_REQUEST,
				    "The parameter %s is malformed.", name);
		}
		p += n;
		p += *p == '&';
	}
	return 0;
}

int
kf_param_bool(const struct call *call, const char *name, bool *out, struct gh_error *err)
{
	char *text;
	int rc = kf_param(call, name, &text, err);

	*out = text != NULL && (strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0);
	if (rc == 0 && text != NULL && !*out && strcasecmp(text, "false") != 0 &&
	    strcmp(text, "0") != 0 && *text != '\0')
		rc = gh_refuse(err, GH_E_BAD_REQUEST, "The parameter %s must be true or false.",
		    name);
	free(text);
	return rc;
}

int
kf_param_number(const struct call *call, const char *name, int64_t min, int64_t max,
    int64_t fallback, int64_t *out, struct gh_error *err)
{
	char *text, *end;
	int rc = kf_param(call, name, &text, err);

	*out = fallback;
	if (rc == 0 && text != NULL && *text != '\0') {
		*out = strtoll(text, &end, 10);
		if (*end != '\0' || strlen(text) > 18 || *out < min || *out > max)
			rc = gh_refuse(err, GH_E_BAD_REQUEST,
			    "The parameter %s must be a number from %lld to %lld.", name,
			    (long long)min, (long long)max);
	}
	free(text);
	return rc;
}
