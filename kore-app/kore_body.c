/*
 * The body of a DELETE. Kore 4.1 reads bodies of POST, PUT and PATCH only and calls the handler of a DELETE as soon as
 * its header is there; RFC 9110, 9.3.5 leaves it to the server whether such a body means anything, and here it
 * carries a password, which no URL and no header should. So what came with the header is taken from Kore's buffer,
 * and the rest is received as Kore's http_body_recv does it.
 */
#include <kore/kore.h>
#include <kore/http.h>

#include "kore_app.h"

/*
 * Behind the header, in the buffer that Kore has cut into lines: the last line ends with the NUL that Kore put over the
 * first byte of "\r\n\r\n". NULL when it ended otherwise (with bare line feeds), or is not all there.
 */
static const u_int8_t *
find_body(const struct http_request *r, size_t received)
{
	const u_int8_t *start = r->headers, *last = (const u_int8_t *)r->host + strlen(r->host);
	const struct http_header *h;

	TAILQ_FOREACH(h, &r->req_headers, list) {
		const u_int8_t *end = (const u_int8_t *)h->value + strlen(h->value);

		if (end > last)
			last = end;
	}
	if (last < start || received < 4 || last > start + received - 4 || memcmp(last, "\0\n\r\n", 4) != 0)
		return NULL;
	return last + 4;
}

static void
finish(struct http_request *r)
{
	r->content_length = r->http_body_length;
	r->flags |= HTTP_REQUEST_COMPLETE;
	r->flags &= ~HTTP_REQUEST_EXPECT_BODY;
}

/* Never called with more than is missing: the buffer has that size. */
static int
on_received(struct netbuf *nb)
{
	struct connection *c = nb->owner;
	struct http_request *r = nb->extra;

	kore_buf_append(r->http_body, nb->buf, nb->s_off);
	explicit_bzero(nb->buf, nb->s_off);
	r->content_length -= nb->s_off;
	if (r->content_length > 0) {
		net_recv_reset(c, MIN(r->content_length, NETBUF_SEND_PAYLOAD_MAX), on_received);
		return KORE_RESULT_OK;
	}
	nb->extra = NULL;
	c->http_timeout = 0;
	finish(r);
	http_request_wakeup(r);
	/* nothing more is read before the answer has gone: as Kore does behind a header */
	kore_free(nb->buf);
	nb->buf = NULL;
	nb->m_len = 0;
	return KORE_RESULT_OK;
}

static enum app_body
receive(struct http_request *r, size_t missing)
{
	struct connection *c = r->owner;

	r->content_length = missing;
	r->flags &= ~HTTP_REQUEST_COMPLETE;
	r->flags |= HTTP_REQUEST_EXPECT_BODY;
	http_request_sleep(r);
	net_recv_reset(c, MIN(missing, NETBUF_SEND_PAYLOAD_MAX), on_received);
	c->rnb->extra = r;
	c->http_start = kore_time_ms();
	c->http_timeout = (u_int64_t)http_body_timeout * 1000;
	if (net_recv_flush(c) != KORE_RESULT_OK) {
		/* Kore frees requests from the list of those that are awake */
		http_request_wakeup(r);
		return APP_BODY_BROKEN;
	}
	return (r->flags & HTTP_REQUEST_COMPLETE) ? APP_BODY_READY : APP_BODY_WAITING;
}

enum app_body
app_body_read(struct http_request *r)
{
	struct connection *c = r->owner;
	const u_int8_t *body;
	const char *text;
	size_t length, here;
	int ok;

	if (r->method != HTTP_METHOD_DELETE || r->http_body != NULL ||
	    http_request_header(r, "content-length", &text) != KORE_RESULT_OK)
		return APP_BODY_READY;
	length = (size_t)kore_strtonum(text, 10, 1, (long long)http_body_max, &ok);
	body = ok == KORE_RESULT_OK ? find_body(r, c->rnb->s_off) : NULL;
	if (body == NULL)
		return APP_BODY_READY; /* check_framing refuses what it cannot see the end of */
	here = c->rnb->s_off - (size_t)(body - r->headers);
	if (here > length)
		return APP_BODY_READY;
	r->http_body_length = length;
	r->http_body = kore_buf_alloc(length);
	kore_buf_append(r->http_body, body, here);
	if (here < length)
		return receive(r, length - here);
	finish(r);
	return APP_BODY_READY;
}
