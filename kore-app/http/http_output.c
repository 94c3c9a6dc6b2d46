/* What a connection sends. See http_output.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_cache.h"
#include "timestamp.h"

#include "http_output.h"
#include "http_status.h"

#define COPY_MAX 8192 /* a body up to here goes out with its header, in one write */
#define HEAD_ROOM 256 /* status line and our own fields */
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

static bool
reserve(struct http_output *o, size_t n)
{
	size_t cap = o->len + n;
	unsigned char *larger;

	if (cap <= o->cap)
		return true;
	larger = realloc(o->head, cap);
	if (larger == NULL)
		return false;
	o->head = larger;
	o->cap = cap;
	return true;
}

static void
put(struct http_output *o, const void *p, size_t n)
{
	if (n > 0)
		memcpy(o->head + o->len, p, n);
	o->len += n;
}

static void
free_owned(unsigned char *p, size_t n, bool has_secret)
{
	if (has_secret && p != NULL)
		explicit_bzero(p, n);
	free(p);
}

void
http_output_clear(struct http_output *o)
{
	if (o->head != NULL)
		explicit_bzero(o->head, o->len);
	free(o->head);
	free_owned(o->owned, o->body_len, o->has_secret);
	gh_shared_unref(o->shared);
	gh_stream_free(o->stream);
	memset(o, 0, sizeof(*o));
}

/* ---- going out ---- */

const unsigned char *
http_output_pending(const struct http_output *o, size_t *n)
{
	if (o->sent < o->len) {
		*n = o->len - o->sent;
		return o->head + o->sent;
	}
	*n = o->body_len - o->body_sent;
	return *n > 0 ? o->body + o->body_sent : NULL;
}

/* The next piece of a stream in place of the one that has gone. */
static bool
make_piece(struct http_output *o)
{
	size_t n = o->stream->next(o->stream, o->owned);

	if (n == 0 || n > o->left)
		return false;
	o->left -= n;
	o->body_len = n;
	o->body_sent = 0;
	return true;
}

bool
http_output_sent(struct http_output *o, size_t n)
{
	if (o->sent < o->len)
		o->sent += n;
	else
		o->body_sent += n;
	return o->left == 0 || o->body_sent < o->body_len || make_piece(o);
}

/* ---- answers ---- */

void
http_output_continue(struct http_output *o)
{
	if (reserve(o, strlen(CONTINUE)))
		put(o, CONTINUE, strlen(CONTINUE));
}

/* One text for each second. */
static const char *
date_line(void)
{
	static char line[GH_HTTP_DATE_SIZE];
	static int64_t of;
	int64_t now = gh_now();

	if (of != now)
		gh_http_date(now, line);
	of = now;
	return line;
}

static void
put_head(struct http_output *o, const struct http_answer *a, bool closes)
{
	size_t length = a->stream != NULL ? a->stream->len : a->body_len;
	int n = snprintf((char *)o->head + o->len, o->cap - o->len,
	    "HTTP/1.1 %d %s\r\nServer: gatehouse\r\nDate: %s\r\n"
	    "Connection: %s\r\n",
	    a->status, http_status_text(a->status), date_line(), closes ? "close" : "keep-alive");

	o->len += (size_t)n;
	put(o, a->fields, a->fields_len);
	/* RFC 9110, 8.6: of a 304 it would be the length of the 200, and a 204 has none */
	if (a->status != 304 && a->status != 204)
		o->len += (size_t)snprintf((char *)o->head + o->len, o->cap - o->len,
		    "Content-Length: %zu\r\n", length);
	put(o, "\r\n", 2);
}

/* Does the body go out with the head, in one write? */
static bool
is_copied(const struct http_answer *a)
{
	return a->stream == NULL &&
	    (a->body_len <= COPY_MAX || (a->owned == NULL && a->shared == NULL));
}

/* Takes the stream over. */
static bool
begin_stream(struct http_output *o, struct gh_stream *s)
{
	o->stream = s;
	o->left = s->len;
	o->body = o->owned = malloc(GH_STREAM_PIECE);
	return o->owned != NULL && (o->left == 0 || make_piece(o));
}

static bool
put_body(struct http_output *o, const struct http_answer *a)
{
	if (a->stream != NULL)
		return begin_stream(o, a->stream);
	if (is_copied(a)) {
		put(o, a->body, a->body_len);
		return true;
	}
	o->body = a->body;
	o->body_len = a->body_len;
	o->owned = a->owned;
	o->has_secret = a->has_secret;
	o->shared = a->shared != NULL ? gh_shared_ref(a->shared) : NULL;
	return true;
}

bool
http_output_answer(struct http_output *o, const struct http_answer *a, bool has_body, bool closes)
{
	size_t copied = is_copied(a) ? a->body_len : 0;
	bool ok = reserve(o, HEAD_ROOM + a->fields_len + copied);

	if (ok)
		put_head(o, a, closes);
	if (ok && has_body && a->status != 304 && a->status != 204)
		ok = put_body(o, a);
	/* copied, or not sent */
	if (o->owned != a->owned)
		free_owned(a->owned, a->body_len, a->has_secret);
	if (o->stream != a->stream)
		gh_stream_free(a->stream);
	if (!ok)
		http_output_clear(o);
	return ok;
}
