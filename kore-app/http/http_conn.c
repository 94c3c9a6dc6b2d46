/* One HTTP/1.1 connection. See http_conn.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_conn.h"

#define INPUT_FIRST 4096 /* bytes: nearly every header fits */
#define BODY_ROOM 4096   /* bytes behind a header, in which its body comes in */

struct http_input {
	struct http_head head;
	bool has_head;
	size_t cap;      /* bytes, and BODY_ROOM more once the head is there */
	size_t head_len; /* of the request at work, with has_head */
	size_t len;      /* bytes that are there */
	size_t dirty;    /* bytes that ever were: to be wiped */
	size_t seen;     /* where to go on looking for the end of the head */
	char data[];
};

/* ---- input ---- */

static void
free_input(struct http_conn *c)
{
	if (c->in == NULL)
		return;
	explicit_bzero(c->in->data, c->in->dirty);
	free(c->in);
	c->in = NULL;
}

static bool
grow_input(struct http_conn *c, size_t cap)
{
	struct http_input *in = malloc(sizeof(*in) + cap + BODY_ROOM);

	if (in == NULL)
		return false;
	in->has_head = false;
	in->cap = cap;
	in->head_len = in->len = in->dirty = in->seen = 0;
	if (c->in != NULL) {
		memcpy(in->data, c->in->data, c->in->len);
		in->len = in->dirty = c->in->len;
		in->seen = c->in->seen;
		free_input(c);
	}
	c->in = in;
	return true;
}

unsigned char *
http_conn_room(struct http_conn *c, size_t *n)
{
	struct http_input *in;
	size_t cap;

	*n = 0;
	if (c->phase > HTTP_BODY)
		return NULL;
	if (c->in == NULL && !grow_input(c, INPUT_FIRST))
		return NULL;
	if (!c->in->has_head && c->in->len >= c->in->cap && !grow_input(c, 2 * c->in->cap))
		return NULL;
	in = c->in;
	cap = in->has_head ? in->cap + BODY_ROOM : in->cap;
	*n = cap - in->len;
	return (unsigned char *)in->data + in->len;
}

/* Forget n bytes at offset at. */
static void
cut_out(struct http_input *in, size_t at, size_t n)
{
	memmove(in->data + at, in->data + at + n, in->len - at - n);
	in->len -= n;
}

/* ---- requests ---- */

static void
refuse(struct http_conn *c, const struct gh_error *err)
{
	c->closes = true; /* what follows is not looked at */
	c->phase = HTTP_WAIT;
	http_body_drop(&c->body);
	c->server->app->refuse(c, err);
}

static void
serve(struct http_conn *c)
{
	c->phase = HTTP_WAIT;
	c->server->app->serve(c);
}

/* RFC 9110, 10.1.1: not when the body comes anyway. */
static void
invite_body(struct http_conn *c)
{
	if (!c->in->head.expects_continue || c->in->len > c->in->head_len)
		return;
	http_output_continue(&c->out);
}

static int
begin_body(struct http_conn *c, struct gh_error *err)
{
	size_t max;
	int rc = c->server->app->admit(c, &max, err);

	if (rc == 0)
		rc = http_body_begin(&c->body, &c->server->bodies, &c->in->head, max, err);
	if (rc != 0)
		return rc;
	c->phase = HTTP_BODY;
	invite_body(c);
	return 0;
}

/* True: there may be more to do. */
static bool
read_head(struct http_conn *c)
{
	struct http_input *in = c->in;
	struct gh_error err;
	size_t blank = 0;
	int rc;

	/* RFC 9112, 2.2: empty lines in front of a request are ignored */
	while (in->len - blank >= 2 && memcmp(in->data + blank, "\r\n", 2) == 0)
		blank += 2;
	if (blank > 0) {
		cut_out(in, 0, blank);
		in->seen = 0;
	}
	if (in->len == 0)
		return false;
	if (c->phase == HTTP_IDLE)
		c->requests++;
	c->phase = HTTP_HEAD;
	rc = http_head_find(in->data, in->len, &in->seen, &in->head_len, &err);
	if (rc == 0 && in->head_len == 0)
		return false;
	if (rc == 0) {
		in->has_head = true;
		rc = http_head_parse(in->data, in->head_len, &in->head, &err);
		c->closes = !in->head.keeps_alive;
	}
	if (rc == 0 && in->head.framing != HTTP_NO_BODY)
		rc = begin_body(c, &err);
	else if (rc == 0)
		serve(c);
	if (rc != 0)
		refuse(c, &err);
	return true;
}

static bool
read_body(struct http_conn *c)
{
	struct http_input *in = c->in;
	struct gh_error err;
	size_t used;
	int rc = http_body_take(&c->body, (unsigned char *)in->data + in->head_len,
	    in->len - in->head_len, &used, &err);

	cut_out(in, in->head_len, used);
	if (rc != 0)
		refuse(c, &err);
	else if (http_body_is_done(&c->body))
		serve(c);
	else
		return false;
	return true;
}

static void
advance(struct http_conn *c)
{
	while (c->phase == HTTP_BODY || (c->phase < HTTP_BODY && c->in != NULL))
		if (c->phase == HTTP_BODY ? !read_body(c) : !read_head(c))
			return;
}

void
http_conn_received(struct http_conn *c, size_t n)
{
	c->in->len += n;
	if (c->in->len > c->in->dirty)
		c->in->dirty = c->in->len;
	advance(c);
}

/* The answer has gone: what came behind its request is the next one. */
static void
next_request(struct http_conn *c)
{
	http_output_clear(&c->out);
	if (c->closes) {
		c->phase = HTTP_END;
		return;
	}
	cut_out(c->in, 0, c->in->head_len);
	c->in->has_head = false;
	c->in->head_len = c->in->seen = 0;
	c->phase = HTTP_IDLE;
	advance(c);
}

static void
wait_for_more(struct http_conn *c)
{
	c->phase = HTTP_WAIT;
	c->server->app->more(c);
}

const unsigned char *
http_conn_pending(const struct http_conn *c, size_t *n)
{
	return http_output_pending(&c->out, n);
}

void
http_conn_sent(struct http_conn *c, size_t n)
{
	size_t left;

	if (!http_output_sent(&c->out, n)) {
		http_output_clear(&c->out);
		c->closes = true;
		c->phase = HTTP_END; /* less than was announced: the client notices */
	} else if (c->phase == HTTP_SEND && http_conn_pending(c, &left) == NULL) {
		if (c->out.is_open)
			wait_for_more(c);
		else
			next_request(c);
	}
}

void
http_conn_give_up(struct http_conn *c, const struct gh_error *why)
{
	if (c->phase == HTTP_HEAD || c->phase == HTTP_BODY)
		refuse(c, why);
}

void
http_conn_rest(struct http_conn *c)
{
	if (c->phase == HTTP_IDLE && (c->in == NULL || c->in->len == 0))
		free_input(c);
}

void
http_conn_init(struct http_conn *c, struct http_server *server, const char *address, bool is_plain)
{
	memset(c, 0, sizeof(*c));
	c->server = server;
	c->is_plain = is_plain;
	snprintf(c->address, sizeof(c->address), "%s", address);
}

void
http_conn_clear(struct http_conn *c)
{
	if (c->exchange != NULL)
		c->server->app->gone(c);
	c->exchange = NULL;
	c->phase = HTTP_END;
	http_body_drop(&c->body);
	free_input(c);
	http_output_clear(&c->out);
}

/* ---- answers ---- */

const struct http_head *
http_conn_head(const struct http_conn *c)
{
	static const struct http_head none = {.method = GH_HTTP_OTHER, .query = "", .host = ""};

	return c->in != NULL && c->in->has_head ? &c->in->head : &none;
}

unsigned char *
http_conn_take_body(struct http_conn *c, size_t *len, size_t *reserved)
{
	return http_body_take_out(&c->body, len, reserved);
}

bool
http_conn_answer(struct http_conn *c, const struct http_answer *a)
{
	const struct http_head *h = http_conn_head(c);
	struct http_way way = {.has_body = h->method != GH_HTTP_HEAD, .is_old = h->is_old};
	bool ok;

	http_body_drop(&c->body);
	c->closes |= c->server->is_draining || (a->is_open && way.is_old);
	way.closes = c->closes;
	ok = http_output_answer(&c->out, a, &way);
	c->closes |= !ok;
	if (!c->out.is_open)
		c->exchange = NULL;
	c->phase = ok ? HTTP_SEND : HTTP_END;
	c->server->transport->answered(c);
	return ok;
}

void
http_conn_feed(struct http_conn *c, unsigned char *data, size_t len, bool is_end)
{
	size_t n;

	if (!http_output_feed(&c->out, data, len, is_end)) {
		http_conn_cut(c);
		return;
	}
	if (is_end)
		c->exchange = NULL;
	c->phase = HTTP_SEND;
	if (http_conn_pending(c, &n) == NULL && is_end)
		next_request(c); /* the end of the connection is that of the body */
	c->server->transport->answered(c);
}

void
http_conn_cut(struct http_conn *c)
{
	http_output_clear(&c->out);
	c->closes = true;
	c->phase = HTTP_END;
	c->server->transport->answered(c);
}
