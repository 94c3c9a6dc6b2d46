/* Answers of exchanges as they stand on the connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exchange/app_state.h"
#include "exchange/exchange_reply.h"

static struct gh_conf conf;
static struct http_conn conn;
static char answer[65536];

/* ---- a connection without a transport ---- */

static void
answered(struct http_conn *c)
{
	size_t n, len = 0;
	const unsigned char *p;

	while ((p = http_conn_pending(c, &n)) != NULL) {
		assert_true(len + n < sizeof(answer));
		memcpy(answer + len, p, n);
		len += n;
		http_conn_sent(c, n);
	}
	answer[len] = '\0';
}

static void
serve(struct http_conn *c)
{
	(void)c; /* the tests answer */
}

static const struct http_app app = {.serve = serve};
static const struct http_transport transport = {.answered = answered};
static struct http_server server = {.app = &app, .transport = &transport};

static struct exchange *
begin(void)
{
	static const char request[] = "GET /pki/cas HTTP/1.1\r\nHost: gw\r\n\r\n";
	struct exchange *x = calloc(1, sizeof(*x));
	unsigned char *room;
	size_t n;

	assert_non_null(x);
	app_state.conf = &conf;
	http_conn_init(&conn, &server, "127.0.0.1", false);
	assert_non_null(room = http_conn_room(&conn, &n));
	assert_true(n >= sizeof(request) - 1);
	memcpy(room, request, sizeof(request) - 1);
	http_conn_received(&conn, sizeof(request) - 1);
	assert_int_equal(conn.phase, HTTP_WAIT);
	x->conn = &conn;
	x->req.method = GH_HTTP_GET;
	x->req.path = strdup("/pki/cas");
	x->req.tls.protocol = "TLSv1.3";
	return x;
}

static void
end(struct exchange *x)
{
	exchange_free(x);
	http_conn_clear(&conn);
}

/* ---- tests ---- */

static void
send__headers_and_body(void **state)
{
	struct exchange *x = begin();

	(void)state;
	gh_http_reply_header(&x->rep, "ETag", "\"1\"");
	gh_http_reply_text(&x->rep, 200, "text/plain", strdup("hello"));
	assert_true(exchange_send(x));
	assert_memory_equal(answer, "HTTP/1.1 200 ", 13);
	assert_non_null(strstr(answer, "\r\nETag: \"1\"\r\n"));
	assert_non_null(strstr(answer, "\r\nContent-Type: text/plain\r\n"));
	assert_non_null(strstr(answer, "\r\nX-CSS-CMS-API-Version: 1\r\n"));
	assert_non_null(strstr(answer, "\r\n\r\nhello"));
	end(x);
}

/* As many headers as there is room for; with one more the answer says less than it must. */
static void
send__no_header_is_lost(void **state)
{
	(void)state;
	for (int more = 0; more < 2; more++) {
		struct exchange *x = begin();

		for (int i = 0; i < GH_HTTP_HEADERS_MAX + more; i++)
			gh_http_reply_header(&x->rep, "X-Test", "value");
		gh_http_reply_text(&x->rep, 200, "text/plain", strdup("hello"));
		assert_true(exchange_send(x));
		assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13) == 0, more == 0);
		assert_int_equal(strncmp(answer, "HTTP/1.1 500 ", 13) == 0, more == 1);
		assert_int_equal(strstr(answer, "hello") != NULL, more == 0);
		assert_int_equal(strstr(answer, "X-Test") != NULL, more == 0);
		end(x);
	}
}

/* The same for all headers together. */
static void
send__headers_are_bounded(void **state)
{
	struct exchange *x = begin();
	char *value = calloc(1, 10000);

	(void)state;
	assert_non_null(value);
	memset(value, 'x', 9999);
	gh_http_reply_header(&x->rep, "X-Test", value);
	gh_http_reply_header(&x->rep, "X-Test", value);
	assert_true(exchange_send(x));
	assert_memory_equal(answer, "HTTP/1.1 500 ", 13);
	assert_null(strstr(answer, "X-Test"));
	end(x);
	free(value);
}

/* Types are the reply's own, and of any length. */
static void
send__type_is_a_copy(void **state)
{
	struct exchange *x = begin();
	char type[300] = "multipart/mixed; boundary=", *boundary = type + strlen(type);

	(void)state;
	memset(boundary, 'b', 250);
	gh_http_reply_type(&x->rep, "text/plain");
	gh_http_reply_text(&x->rep, 200, type, strdup("hello"));
	memset(boundary, 'c', 250);
	assert_true(exchange_send(x));
	memset(boundary, 'b', 250);
	assert_non_null(strstr(answer, "\r\nContent-Type: multipart/mixed; boundary=b"));
	assert_non_null(strstr(answer, type));
	assert_null(strstr(answer, "text/plain"));
	end(x);
}

/* Nothing that a handler puts into a value becomes a line of its own. */
static void
send__control_characters_are_refused(void **state)
{
	static const char *const bad[] = {"text/plain\r\nSet-Cookie: a=b", "a\nb", "a\rb", "\x01",
	    "\x7f"};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(bad) / sizeof(bad[0]); i++) {
		struct exchange *x = begin();

		gh_http_reply_text(&x->rep, 200, i % 2 ? bad[i / 2] : "text/plain",
		    strdup("hello"));
		if (i % 2 == 0)
			gh_http_reply_header(&x->rep, "X-Test", bad[i / 2]);
		assert_true(exchange_send(x));
		assert_memory_equal(answer, "HTTP/1.1 500 ", 13);
		assert_null(strstr(answer, "Set-Cookie"));
		assert_null(strstr(answer, "hello"));
		assert_string_equal(x->trace.code, "internal");
		assert_non_null(strstr(x->trace.cause, "control character"));
		end(x);
	}
}

static int streams; /* not freed */

static size_t
next_piece(struct gh_stream *s, unsigned char *out)
{
	memset(out, 'x', s->len);
	return s->len;
}

static void
free_stream(struct gh_stream *s)
{
	(void)s;
	streams--;
}

/* A stream is the body, unless the reply must not be sent: freed in both cases. */
static void
send__stream(void **state)
{
	(void)state;
	for (int broken = 0; broken < 2; broken++) {
		struct gh_stream s = {.len = 1000, .next = next_piece, .free = free_stream};
		struct exchange *x = begin();

		streams = 1;
		x->rep.status = 200;
		x->rep.stream = &s;
		gh_http_reply_type(&x->rep, broken ? "a\nb" : "text/plain");
		assert_true(exchange_send(x));
		assert_int_equal(strstr(answer, "Content-Length: 1000\r\n") != NULL, !broken);
		assert_int_equal(strncmp(answer, "HTTP/1.1 500 ", 13) == 0, broken);
		assert_int_equal(streams, 0);
		end(x);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(send__headers_and_body),
	    cmocka_unit_test(send__no_header_is_lost),
	    cmocka_unit_test(send__headers_are_bounded),
	    cmocka_unit_test(send__type_is_a_copy),
	    cmocka_unit_test(send__stream),
	    cmocka_unit_test(send__control_characters_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
