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
#define CHUNK_ROOM 32 /* of what stands around one */
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

/* RFC 9112, 6.1 and 6.3: what says where the body ends. */
static void
put_framing(struct http_output *o, const struct http_answer *a)
{
	size_t length = a->stream != NULL ? a->stream->len : a->body_len;
	char line[64];

	if (o->is_chunked)
		snprintf(line, sizeof(line), "Transfer-Encoding: chunked\r\n");
	else
		snprintf(line, sizeof(line), "Content-Length: %zu\r\n", length);
	/* RFC 9110, 8.6: of a 304 it would be the length of the 200, and a 204 has none */
	if (a->status != 304 && a->status != 204 && (o->is_chunked || !a->is_open))
		put(o, line, strlen(line));
}

static void
put_head(struct http_output *o, const struct http_answer *a, bool closes)
{
	int n = snprintf((char *)o->head + o->len, o->cap - o->len,
	    "HTTP/1.1 %d %s\r\nServer: gatehouse\r\nDate: %s\r\n"
	    "Connection: %s\r\n",
	    a->status, http_status_text(a->status), date_line(), closes ? "close" : "keep-alive");

	o->len += (size_t)n;
	put(o, a->fields, a->fields_len);
	put_framing(o, a);
	put(o, "\r\n", 2);
}

/* Does the body go out with the head, in one write? */
static bool
is_copied(const struct http_answer *a)
{
	return a->stream == NULL && !a->is_open &&
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

/* A part of an open body behind what is in head: as a chunk, and the last one behind it at the end
 * of all. Takes data over, but for a failure. */
static bool
put_part(struct http_output *o, unsigned char *data, size_t len, bool is_end)
{
	char tail[CHUNK_ROOM] = "";
	unsigned char *framed;
	size_t n;

	if (!reserve(o, CHUNK_ROOM))
		return false;
	if (o->is_chunked)
		snprintf(tail, sizeof(tail), "%s%s", len > 0 ? "\r\n" : "",
		    is_end ? "0\r\n\r\n" : "");
	n = strlen(tail);
	framed = realloc(data, len + n + 1);
	if (framed == NULL)
		return false;
	memcpy(framed + len, tail, n);
	if (o->is_chunked && len > 0)
		o->len +=
		    (size_t)snprintf((char *)o->head + o->len, o->cap - o->len, "%zx\r\n", len);
	o->body = o->owned = framed;
	o->body_len = len + n;
	o->body_sent = 0;
	o->is_open = !is_end;
	return true;
}

bool
http_output_feed(struct http_output *o, unsigned char *data, size_t len, bool is_end)
{
	free_owned(o->owned, o->body_len, o->has_secret);
	o->body = o->owned = NULL;
	o->body_len = o->body_sent = o->len = o->sent = 0;
	if (put_part(o, data, len, is_end))
		return true;
	free(data);
	return false;
}

static bool
put_body(struct http_output *o, const struct http_answer *a)
{
	if (a->stream != NULL)
		return begin_stream(o, a->stream);
	o->has_secret = a->has_secret;
	if (a->is_open)
		return put_part(o, a->owned, a->body_len, false);
	if (is_copied(a)) {
		put(o, a->body, a->body_len);
		return true;
	}
	o->body = a->body;
	o->body_len = a->body_len;
	o->owned = a->owned;
	o->shared = a->shared != NULL ? gh_shared_ref(a->shared) : NULL;
	return true;
}

bool
http_output_answer(struct http_output *o, const struct http_answer *a, const struct http_way *way)
{
	size_t copied = is_copied(a) ? a->body_len : 0;
	bool ok = reserve(o, HEAD_ROOM + a->fields_len + copied), is_taken = false;

	o->is_chunked = a->is_open && !way->is_old;
	if (ok)
		put_head(o, a, way->closes);
	if (ok && way->has_body && a->status != 304 && a->status != 204)
		is_taken = ok = put_body(o, a);
	/* copied, or not sent */
	if (o->owned != a->owned && !(is_taken && a->is_open))
		free_owned(a->owned, a->body_len, a->has_secret);
	if (o->stream != a->stream)
		gh_stream_free(a->stream);
	if (!ok)
		http_output_clear(o);
	return ok;
}
