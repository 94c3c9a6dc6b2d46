/* Requests and replies as values. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "http.h"
#include "timestamp.h"

bool
gh_http_is_json(const char *content_type)
{
	static const char *const types[] = {"application/json", "text/json"};

	for (size_t i = 0; content_type != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
		size_t n = strlen(types[i]);

		if (strncasecmp(content_type, types[i], n) == 0 &&
		    strchr("; \t", content_type[n]) != NULL)
			return true;
	}
	return false;
}

const char *
gh_http_header(const struct gh_http_request *req, const char *name)
{
	for (size_t i = 0; i < req->fields; i++)
		if (strcmp(req->field[i].name, name) == 0)
			return req->field[i].value;
	return NULL;
}

int
gh_http_check_deadline(const struct gh_http_request *req, struct gh_error *err)
{
	if (req->deadline_us == 0 || gh_now_us() <= req->deadline_us)
		return 0;
	return gh_fail(err, GH_E_BUSY, "it has waited for longer than gateway.queue_timeout");
}

int
gh_http_request_fields(struct gh_http_request *req, const struct gh_http_field *field, size_t n,
    struct gh_error *err)
{
	size_t size = n * sizeof(*field);
	char *at;

	for (size_t i = 0; i < n; i++)
		size += strlen(field[i].name) + strlen(field[i].value) + 2;
	req->field = malloc(size > 0 ? size : 1);
	if (req->field == NULL)
		return gh_fail(err, GH_E_NOMEM, "header of a request");
	at = (char *)(req->field + n);
	for (size_t i = 0; i < n; i++) {
		req->field[i].name = at;
		at = stpcpy(at, field[i].name) + 1;
		req->field[i].value = at;
		at = stpcpy(at, field[i].value) + 1;
	}
	req->fields = n;
	req->field_bytes = size;
	return 0;
}

void
gh_http_request_clear(struct gh_http_request *req)
{
	free(req->path);
	free(req->query);
	if (req->field != NULL)
		OPENSSL_cleanse(req->field, req->field_bytes);
	free(req->field);
	free(req->host);
	if (req->body != NULL)
		OPENSSL_cleanse(req->body, req->body_len);
	free(req->body);
	free(req->client_cert);
	free(req->client_chain);
	memset(req, 0, sizeof(*req));
}

struct gh_shared *
gh_shared_new(unsigned char *data, size_t len)
{
	struct gh_shared *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		free(data);
		return NULL;
	}
	atomic_init(&s->refs, 1);
	s->data = data;
	s->len = len;
	return s;
}

struct gh_shared *
gh_shared_ref(struct gh_shared *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void
gh_shared_unref(struct gh_shared *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	free(s->data);
	free(s);
}

void
gh_stream_free(struct gh_stream *s)
{
	if (s != NULL)
		s->free(s);
}

void
gh_http_reply_clear(struct gh_http_reply *rep)
{
	for (size_t i = 0; i < rep->headers; i++)
		free(rep->header[i].value);
	free(rep->content_type);
	if (rep->has_secret && rep->body != NULL)
		OPENSSL_cleanse(rep->body, rep->body_len);
	free(rep->body);
	gh_shared_unref(rep->shared);
	gh_stream_free(rep->stream);
	if (rep->feed != NULL)
		rep->feed->free(rep->feed);
	free(rep->cause);
	memset(rep, 0, sizeof(*rep));
}

void
gh_http_reply_cause(struct gh_http_reply *rep, const struct gh_error *err)
{
	rep->code = gh_error_info(err->code)->name;
	free(rep->cause);
	rep->cause = strdup(err->detail); /* NULL: one line of the log says less */
}

/* NULL: rep is broken. */
static char *
copy_value(struct gh_http_reply *rep, const char *value)
{
	char *copy = NULL;

	for (const char *p = value; *p != '\0'; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f) {
			rep->broken = "a control character in a header of the answer";
			return NULL;
		}
	if ((copy = strdup(value)) == NULL)
		rep->broken = "no memory for a header of the answer";
	return copy;
}

void
gh_http_reply_header(struct gh_http_reply *rep, const char *name, const char *value)
{
	char *copy;

	if (rep->headers == GH_HTTP_HEADERS_MAX)
		rep->broken = "too many headers in the answer";
	if (rep->headers == GH_HTTP_HEADERS_MAX || (copy = copy_value(rep, value)) == NULL)
		return;
	rep->header[rep->headers].name = name;
	rep->header[rep->headers++].value = copy;
}

void
gh_http_reply_type(struct gh_http_reply *rep, const char *content_type)
{
	free(rep->content_type);
	rep->content_type = content_type != NULL ? copy_value(rep, content_type) : NULL;
}

void
gh_http_reply_text(struct gh_http_reply *rep, int status, const char *content_type, char *text)
{
	free(rep->body);
	rep->status = status;
	gh_http_reply_type(rep, content_type);
	rep->body = (unsigned char *)text;
	rep->body_len = text != NULL ? strlen(text) : 0;
}
