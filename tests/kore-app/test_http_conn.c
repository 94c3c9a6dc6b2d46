/* A connection as its transport and its application see it: requests cut anywhere, bodies, answers,
 * ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/http_conn.h"

#define BODY_MAX 100

/* What the application was given, and what it does with it. */
static struct {
	char log[8192];       /* "METHOD PATH BODY;" for each, "!code;" for each refused */
	bool waits;           /* answer later */
	int refuse_admission; /* code; 0 = admit */
	int gone, answered;
	const char *body; /* of each answer; NULL = "ok" */
	size_t body_len;
	struct gh_shared *shared;
	struct stream *stream;
	bool is_open; /* the body is the beginning of one */
	int more;
} app;

/* A body of as many letters, until it breaks off. */
struct stream {
	struct gh_stream stream; /* first member */
	size_t made, piece, breaks_at;
	int freed;
};

static size_t
next_piece(struct gh_stream *g, unsigned char *out)
{
	struct stream *s = (struct stream *)g;
	size_t n = g->len - s->made < s->piece ? g->len - s->made : s->piece;

	if (s->made >= s->breaks_at)
		return 0;
	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)('a' + s->made++ % 26);
	return n;
}

static size_t
next_too_much(struct gh_stream *g, unsigned char *out)
{
	size_t n = ((struct stream *)g)->piece;

	memset(out, 'x', n);
	return n;
}

static void
free_stream(struct gh_stream *g)
{
	((struct stream *)g)->freed++;
}

static struct stream
make_stream(size_t len, size_t piece)
{
	return (struct stream){
	    .stream = {.len = len, .next = next_piece, .free = free_stream},
	    .piece = piece,
	    .breaks_at = SIZE_MAX,
	};
}

static struct http_server server;
static struct http_conn conn;
static char sent[65536];
static size_t sent_len;

static int
admit(struct http_conn *c, size_t *max, struct gh_error *err)
{
	(void)c;
	*max = BODY_MAX;
	return app.refuse_admission == 0 ? 0 : gh_fail(err, app.refuse_admission, "no");
}

static void
answer(struct http_conn *c, int status)
{
	struct http_answer a = {.status = status, .fields = "X: y\r\n", .fields_len = 6};

	a.body = (const unsigned char *)(app.body != NULL ? app.body : "ok");
	a.body_len = app.body != NULL ? app.body_len : 2;
	a.shared = app.shared;
	a.stream = app.stream != NULL ? &app.stream->stream : NULL;
	if (app.is_open) {
		c->exchange = &app;
		a.is_open = true;
		a.owned = (unsigned char *)strndup((const char *)a.body, a.body_len);
	}
	assert_true(http_conn_answer(c, &a));
}

static void
serve(struct http_conn *c)
{
	const struct http_head *h = http_conn_head(c);
	size_t n, reserved, at = strlen(app.log);
	unsigned char *body = http_conn_take_body(c, &n, &reserved);

	snprintf(app.log + at, sizeof(app.log) - at, "%d %s %.*s;", (int)h->method, h->path, (int)n,
	    body ? (char *)body : "");
	free(body);
	http_budget_return(&server.bodies, reserved);
	if (app.waits)
		c->exchange = &app;
	else
		answer(c, 200);
}

static void
refuse(struct http_conn *c, const struct gh_error *err)
{
	size_t at = strlen(app.log);

	snprintf(app.log + at, sizeof(app.log) - at, "!%s;", gh_error_info(err->code)->name);
	answer(c, gh_error_info(err->code)->http_status);
}

static void
gone(struct http_conn *c)
{
	assert_ptr_equal(c->exchange, &app);
	app.gone++;
}

static void
answered(struct http_conn *c)
{
	(void)c;
	app.answered++;
}

static unsigned char *
client_cert(struct http_conn *c, size_t *len)
{
	(void)c;
	*len = 0;
	return NULL;
}

static void
more(struct http_conn *c)
{
	assert_int_equal(c->phase, HTTP_WAIT);
	app.more++;
}

static const struct http_app application = {admit, serve, refuse, gone, more};
static const struct http_transport transport = {answered, client_cert, client_cert};

static int
set_up(void **state)
{
	(void)state;
	memset(&app, 0, sizeof(app));
	server = (struct http_server){.app = &application,
	    .transport = &transport,
	    .bodies = {.max = 1000}};
	http_conn_init(&conn, &server, "127.0.0.1", true);
	sent_len = 0;
	sent[0] = '\0';
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	http_conn_clear(&conn);
	return server.bodies.used == 0 ? 0 : -1;
}

static void
flush(void)
{
	const unsigned char *p;
	size_t n;

	while ((p = http_conn_pending(&conn, &n)) != NULL) {
		assert_true(sent_len + n < sizeof(sent));
		memcpy(sent + sent_len, p, n);
		sent_len += n;
		sent[sent_len] = '\0';
		http_conn_sent(&conn, n);
	}
}

/* As a transport: part bytes at a time, answers sent at once. How many it took. */
static size_t
feed(const char *text, size_t n, size_t part)
{
	size_t done = 0;

	while (done < n) {
		size_t room;
		unsigned char *p = http_conn_room(&conn, &room);

		if (p == NULL)
			return done;
		if (room > part)
			room = part;
		if (room > n - done)
			room = n - done;
		memcpy(p, text + done, room);
		http_conn_received(&conn, room);
		http_conn_rest(&conn);
		done += room;
		flush();
	}
	return done;
}

#define FEED(text, part) feed(text, sizeof(text) - 1, part)

static int
count(const char *word)
{
	int n = 0;

	for (const char *p = sent; (p = strstr(p, word)) != NULL; p++)
		n++;
	return n;
}

static const char three[] =
    "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
    "\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    "PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0A \t;z\r\n0123456789\r\n0\r\nT: u\r\n\r\n";

/* Cut anywhere, the same requests come out. */
static void
requests__cut_anywhere(void **state)
{
	for (size_t part = 1; part <= sizeof(three); part++) {
		set_up(state);
		assert_int_equal(feed(three, sizeof(three) - 1, part), sizeof(three) - 1);
		assert_string_equal(app.log, "1 /a ;4 /b hello;8 /c abc0123456789;");
		assert_int_equal(count("HTTP/1.1 200 OK\r\n"), 3);
		assert_int_equal(count("Connection: keep-alive\r\n"), 3);
		assert_int_equal(conn.phase, HTTP_IDLE);
		assert_int_equal(tear_down(state), 0);
	}
}

static void
requests__wait_for_the_one_before(void **state)
{
	(void)state;
	app.waits = true;
	feed(three, sizeof(three) - 1, sizeof(three));
	assert_string_equal(app.log, "1 /a ;");
	assert_int_equal(conn.phase, HTTP_WAIT);
	assert_int_equal(sent_len, 0);
	app.waits = false;
	answer(&conn, 200);
	assert_int_equal(app.answered, 1);
	flush();
	assert_string_equal(app.log, "1 /a ;4 /b hello;8 /c abc0123456789;");
	assert_int_equal(count("HTTP/1.1 200 OK\r\n"), 3);
}

static void
client__goes_away_while_it_waits(void **state)
{
	(void)state;
	app.waits = true;
	feed(three, sizeof(three) - 1, sizeof(three));
	http_conn_clear(&conn);
	assert_int_equal(app.gone, 1);
}

static void
answer__of_head_has_no_body(void **state)
{
	(void)state;
	FEED("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", 100);
	assert_non_null(strstr(sent, "Content-Length: 2\r\n\r\n"));
	assert_string_equal(strstr(sent, "\r\n\r\n"), "\r\n\r\n");
	sent_len = 0;
	FEED("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 100);
	assert_string_equal(strstr(sent, "\r\n\r\n"), "\r\n\r\nok");
}

static void
answer__large_bodies_are_not_copied(void **state)
{
	static char text[20000];
	unsigned char *data = calloc(1, sizeof(text));
	struct gh_shared *s = gh_shared_new(data, sizeof(text));
	const unsigned char *p;
	size_t n;

	(void)state;
	app.shared = s;
	app.body = (char *)data;
	app.body_len = sizeof(text);
	FEED("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 100);
	assert_int_equal(s->refs, 1); /* all gone: sent and dropped */
	assert_int_equal(conn.phase, HTTP_IDLE);
	p = http_conn_room(&conn, &n);
	memcpy((char *)p, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
	http_conn_received(&conn, 27);
	assert_int_equal(s->refs, 2);
	http_conn_sent(&conn, (http_conn_pending(&conn, &n), n));
	assert_ptr_equal(http_conn_pending(&conn, &n), data);
	http_conn_clear(&conn); /* in the middle of it */
	assert_int_equal(s->refs, 1);
	gh_shared_unref(s);
}

static void
answer__streams_its_body(void **state)
{
	static const size_t pieces[] = {1, 7, 1000, GH_STREAM_PIECE};

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct stream s = make_stream(40000, pieces[i]);
		const char *body;

		app.stream = &s;
		sent_len = 0;
		FEED("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 100);
		assert_non_null(strstr(sent, "\r\nContent-Length: 40000\r\n"));
		body = strstr(sent, "\r\n\r\n") + 4;
		assert_int_equal(sent_len - (size_t)(body - sent), 40000);
		for (size_t k = 0; k < 40000; k++)
			assert_int_equal(body[k], 'a' + k % 26);
		assert_int_equal(s.freed, 1);
		assert_int_equal(conn.phase, HTTP_IDLE);
	}
	/* the next one on the same connection */
	app.stream = NULL;
	sent_len = 0;
	FEED("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 100);
	assert_string_equal(strstr(sent, "\r\n\r\n"), "\r\n\r\nok");
}

/* The next piece is not made before the one before has gone. */
static void
answer__streams_as_the_client_reads(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	struct stream s = make_stream(1 << 30, GH_STREAM_PIECE);
	size_t n, made;

	(void)state;
	app.stream = &s;
	memcpy(http_conn_room(&conn, &n), request, sizeof(request) - 1);
	http_conn_received(&conn, sizeof(request) - 1);
	assert_int_equal(s.made, GH_STREAM_PIECE);
	http_conn_sent(&conn, (http_conn_pending(&conn, &n), n)); /* the head */
	for (int i = 0; i < 100; i++) {
		made = s.made;
		assert_non_null(http_conn_pending(&conn, &n));
		assert_int_equal(n, GH_STREAM_PIECE);
		http_conn_sent(&conn, n - 1);
		assert_non_null(http_conn_pending(&conn, &n));
		assert_int_equal(n, 1);
		assert_int_equal(s.made, made);
		http_conn_sent(&conn, 1);
		assert_int_equal(s.made, made + GH_STREAM_PIECE);
	}
	http_conn_clear(&conn); /* the client has gone */
	assert_int_equal(s.freed, 1);
}

static void
answer__without_the_body_of_its_stream(void **state)
{
	struct stream s = make_stream(40000, 1000);

	(void)state;
	app.stream = &s;
	FEED("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", 100);
	assert_non_null(strstr(sent, "\r\nContent-Length: 40000\r\n"));
	assert_string_equal(strstr(sent, "\r\n\r\n"), "\r\n\r\n");
	assert_int_equal(s.made, 0);
	assert_int_equal(s.freed, 1);
	assert_int_equal(conn.phase, HTTP_IDLE);
}

/* The client gets less than was announced, and the end of the connection. */
static void
answer__stream_breaks_off(void **state)
{
	struct stream s = make_stream(40000, 1000);

	s.breaks_at = 20000;
	app.stream = &s;
	FEED("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 1000);
	assert_int_equal(conn.phase, HTTP_END);
	assert_int_equal(count("HTTP/1.1 200"), 1);
	assert_int_equal(sent_len - (size_t)(strstr(sent, "\r\n\r\n") + 4 - sent), 20000);
	assert_int_equal(s.freed, 1);
	/* or more than was announced */
	tear_down(state);
	set_up(state);
	s = make_stream(1500, 1000);
	s.stream.next = next_too_much;
	app.stream = &s;
	FEED("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 100);
	assert_int_equal(sent_len - (size_t)(strstr(sent, "\r\n\r\n") + 4 - sent), 1000);
	assert_int_equal(conn.phase, HTTP_END);
	assert_int_equal(s.freed, 1);
}

static void
give(const char *text, bool is_end)
{
	http_conn_feed(&conn, text != NULL ? (unsigned char *)strdup(text) : NULL,
	    text != NULL ? strlen(text) : 0, is_end);
	flush();
}

/* Nothing of it is asked for before what is there has gone. */
static void
answer__open_body_in_chunks(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	const char *body;
	size_t n;

	(void)state;
	app.is_open = true;
	memcpy(http_conn_room(&conn, &n), request, sizeof(request) - 1);
	http_conn_received(&conn, sizeof(request) - 1);
	assert_int_equal(app.more, 0);
	flush();
	assert_int_equal(app.more, 1);
	assert_int_equal(conn.phase, HTTP_WAIT);
	assert_null(http_conn_room(&conn, &n));
	give("hello, hello, hello, hello", false);
	assert_int_equal(app.more, 2);
	give("!", true);
	assert_int_equal(app.more, 2);
	assert_int_equal(conn.phase, HTTP_IDLE);
	assert_null(conn.exchange);
	assert_null(strstr(sent, "Content-Length"));
	assert_non_null(strstr(sent, "Transfer-Encoding: chunked\r\n"));
	body = strstr(sent, "\r\n\r\n") + 4;
	assert_string_equal(body,
	    "2\r\nok\r\n1a\r\nhello, hello, hello, hello\r\n1\r\n!\r\n0\r\n\r\n");
	/* the next one, on the same connection; its end brings nothing more */
	sent_len = 0;
	app.body = "";
	FEED("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 100);
	give("a", false);
	give(NULL, true);
	assert_string_equal(strstr(sent, "\r\n\r\n") + 4, "1\r\na\r\n0\r\n\r\n");
	assert_int_equal(conn.phase, HTTP_IDLE);
	assert_int_equal(app.gone, 0);
}

/* HTTP/1.0 knows no chunks: the body ends with the connection. */
static void
answer__open_body_for_an_old_client(void **state)
{
	(void)state;
	app.is_open = true;
	FEED("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 100);
	give("hello", false);
	give(NULL, true);
	assert_non_null(strstr(sent, "Connection: close\r\n"));
	assert_null(strstr(sent, "Content-Length"));
	assert_null(strstr(sent, "Transfer-Encoding"));
	assert_string_equal(strstr(sent, "\r\n\r\n") + 4, "okhello");
	assert_int_equal(conn.phase, HTTP_END);
	assert_int_equal(app.gone, 0);
}

static void
answer__open_body_of_head(void **state)
{
	(void)state;
	app.is_open = true;
	FEED("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", 100);
	assert_string_equal(strstr(sent, "\r\n\r\n"), "\r\n\r\n");
	assert_int_equal(conn.phase, HTTP_IDLE);
	assert_int_equal(app.more, 0);
	assert_null(conn.exchange);
}

/* The last chunk is missing: nobody takes it for the whole. */
static void
answer__open_body_is_cut(void **state)
{
	(void)state;
	app.is_open = true;
	FEED("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 1000);
	give("hello", false);
	conn.exchange = NULL;
	http_conn_cut(&conn);
	flush();
	assert_int_equal(conn.phase, HTTP_END);
	assert_string_equal(strstr(sent, "\r\n\r\n") + 4, "2\r\nok\r\n5\r\nhello\r\n");
	assert_int_equal(app.gone, 0);
}

static void
answer__client_goes_in_an_open_body(void **state)
{
	size_t n;

	(void)state;
	app.is_open = true;
	FEED("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 100);
	http_conn_clear(&conn); /* while more is made */
	assert_int_equal(app.gone, 1);
	http_conn_init(&conn, &server, "127.0.0.1", true);
	FEED("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 100);
	http_conn_feed(&conn, (unsigned char *)strdup("hello"), 5, false);
	http_conn_sent(&conn, 4);
	assert_non_null(http_conn_pending(&conn, &n));
	http_conn_clear(&conn); /* while it goes out */
	assert_int_equal(app.gone, 2);
}

static void
answer__closes_when_it_must(void **state)
{
	static const char *const closing[] = {
	    "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n",
	    "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n",
	    "BAD\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(closing) / sizeof(closing[0]); i++) {
		set_up(state);
		feed(closing[i], strlen(closing[i]), 1000);
		assert_int_equal(conn.phase, HTTP_END);
		assert_int_equal(count("Connection: close\r\n"), 1);
		assert_int_equal(count("HTTP/1.1"), 1);
		tear_down(state);
	}
	set_up(state);
	server.is_draining = true;
	FEED("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 100);
	assert_int_equal(conn.phase, HTTP_END);
	assert_int_equal(count("Connection: close\r\n"), 1);
}

static void
continue__is_answered_once(void **state)
{
	static const char head[] =
	    "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";

	feed(head, sizeof(head) - 1, 1000);
	assert_string_equal(sent, "HTTP/1.1 100 Continue\r\n\r\n");
	FEED("hello", 1);
	assert_string_equal(app.log, "4 /b hello;");
	assert_int_equal(count("HTTP/1.1 200 OK"), 1);
	tear_down(state);
	set_up(state);
	app.refuse_admission = GH_E_FORBIDDEN; /* refused before it is sent */
	feed(head, sizeof(head) - 1, 1000);
	assert_int_equal(count("100 Continue"), 0);
	assert_int_equal(count("HTTP/1.1 403 "), 1);
	assert_int_equal(conn.phase, HTTP_END);
}

/* Refused for its length alone, before a byte of it has come. */
static void
body__limits(void **state)
{
	static const struct {
		const char *text, *log;
	} cases[] = {
	    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n", "!too_large;"},
	    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n", "!too_large;"},
	    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffff0\r\n",
		"!too_large;"},
	    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\ng\r\n",
		"!bad_request;"},
	    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
		"!bad_request;"},
	    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
		"!bad_request;"},
	    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\n",
		"!bad_request;"},
	    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\n",
		"!bad_request;"},
	    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;\x01\r\n",
		"!bad_request;"},
	    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab",
		"!bad_request;"},
	    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n",
		"!bad_request;"},
	    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\n",
		"!bad_request;"},
	    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\rx",
		"!bad_request;"},
	    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "4 / ;"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_up(state);
		feed(cases[i].text, strlen(cases[i].text), 7);
		assert_string_equal(app.log, cases[i].log);
		assert_int_equal(tear_down(state), 0);
	}
	set_up(state);
}

static void
body__chunks_add_up_to_the_limit(void **state)
{
	static const char head[] =
	    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

	for (int n = BODY_MAX; n <= BODY_MAX + 1; n++) {
		set_up(state);
		feed(head, sizeof(head) - 1, 100);
		for (int i = 0; i < n; i++)
			FEED("1\r\nx\r\n", 6);
		FEED("0\r\n\r\n", 5);
		if (n == BODY_MAX)
			assert_int_equal(strlen(app.log), strlen("4 / ;") + BODY_MAX);
		else
			assert_string_equal(app.log, "!too_large;");
		assert_int_equal(tear_down(state), 0);
	}
	set_up(state);
}

static void
body__extensions_and_trailers_are_bounded(void **state)
{
	static const char head[] =
	    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

	for (int i = 0; i < 2; i++) {
		set_up(state);
		feed(head, sizeof(head) - 1, 100);
		feed(i == 0 ? "1;" : "0\r\nA", i == 0 ? 2 : 4, 10);
		for (int k = 0; k < 10000; k++)
			FEED("y", 1);
		assert_string_equal(app.log, "!header_too_large;");
		assert_int_equal(tear_down(state), 0);
	}
	set_up(state);
}

static bool
no_room(void *arg)
{
	(*(int *)arg)++;
	return false;
}

static void
body__shares_one_budget(void **state)
{
	int asked = 0;

	(void)state;
	server.bodies.max = 60;
	server.bodies.make_room = no_room;
	server.bodies.arg = &asked;
	FEED("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 61\r\n\r\nx", 100);
	assert_string_equal(app.log, "!busy;");
	assert_int_equal(asked, 1);
	assert_int_equal(server.bodies.used, 0);
}

static void
timeout__says_so_when_a_request_has_begun(void **state)
{
	struct gh_error err;

	(void)state;
	gh_fail(&err, GH_E_REQUEST_TIMEOUT, "late");
	http_conn_give_up(&conn, &err);
	assert_int_equal(sent_len, 0);
	FEED("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nx", 100);
	assert_int_equal(conn.phase, HTTP_BODY);
	http_conn_give_up(&conn, &err);
	flush();
	assert_string_equal(app.log, "!request_timeout;");
	assert_int_equal(count("HTTP/1.1 408 Request Timeout"), 1);
	assert_int_equal(conn.phase, HTTP_END);
}

static void
header__of_every_size(void **state)
{
	static char text[40000];

	for (size_t pad = 1; pad < 33000; pad += 997) {
		int n = snprintf(text, sizeof(text),
		    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nP: %0*d\r\n\r\nabc",
		    (int)pad, 0);

		set_up(state);
		feed(text, (size_t)n, 5000);
		assert_string_equal(app.log,
		    n - 3 <= HTTP_HEAD_MAX ? "4 / abc;" : "!header_too_large;");
		assert_int_equal(tear_down(state), 0);
	}
	set_up(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(requests__cut_anywhere),
	    TEST(requests__wait_for_the_one_before),
	    TEST(client__goes_away_while_it_waits),
	    TEST(answer__of_head_has_no_body),
	    TEST(answer__large_bodies_are_not_copied),
	    TEST(answer__streams_its_body),
	    TEST(answer__streams_as_the_client_reads),
	    TEST(answer__without_the_body_of_its_stream),
	    TEST(answer__stream_breaks_off),
	    TEST(answer__open_body_in_chunks),
	    TEST(answer__open_body_for_an_old_client),
	    TEST(answer__open_body_of_head),
	    TEST(answer__open_body_is_cut),
	    TEST(answer__client_goes_in_an_open_body),
	    TEST(answer__closes_when_it_must),
	    TEST(continue__is_answered_once),
	    TEST(body__limits),
	    TEST(body__chunks_add_up_to_the_limit),
	    TEST(body__extensions_and_trailers_are_bounded),
	    TEST(body__shares_one_budget),
	    TEST(timeout__says_so_when_a_request_has_begun),
	    TEST(header__of_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
