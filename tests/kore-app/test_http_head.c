/* The head of an HTTP request: what is accepted, and the one reason for which each other one is
 * refused. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/http_head.h"

#define HOST "Host: a.example\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST
#define POST "POST /x HTTP/1.1\r\n" HOST

/* Kept for the texts that a head points to. */
static char buffer[HTTP_HEAD_MAX + 1024];
static struct http_head head;

/* The code of the first failure; n bytes that may hold a NUL. */
static int
parse_bytes(const char *text, size_t n)
{
	size_t seen = 0, len = 0;
	struct gh_error err = {0};
	int rc;

	assert_true(n < sizeof(buffer));
	memcpy(buffer, text, n);
	rc = http_head_find(buffer, n, &seen, &len, &err);
	if (rc == 0 && len == 0)
		return 1;
	if (rc == 0)
		rc = http_head_parse(buffer, len, &head, &err);
	assert_int_equal(rc, err.code);
	return rc;
}

static int
parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void
target__forms(void **state)
{
	static const struct {
		const char *target, *path, *query, *host;
	} good[] = {
	    {"/", "/", "", "a.example"},
	    {"/a/b", "/a/b", "", "a.example"},
	    {"/a?b?c", "/a", "b?c", "a.example"},
	    {"/a?", "/a", "", "a.example"},
	    {"//x", "//x", "", "a.example"},
	    {"/%00", "/%00", "", "a.example"},
	    {"http://b:1/c", "/c", "", "b:1"},
	    {"HTTPS://b/c?d", "/c", "d", "b"},
	    {"http://b", "/", "", "b"},
	    {"http://b?d", "/", "d", "b"},
	    {"http://[::1]:80/", "/", "", "[::1]:80"},
	};
	static const char *const bad[] = {"a", "*", "http:///a", "http://u@b/", "/a#b", "/a\x80",
	    "/a\x7f", "ftp://a/", "a.example:443", "", "\\", "http:/a"};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" HOST "\r\n", good[i].target);
		assert_int_equal(parse(text), 0);
		assert_string_equal(head.path, good[i].path);
		assert_string_equal(head.query, good[i].query);
		assert_string_equal(head.host, good[i].host);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" HOST "\r\n", bad[i]);
		assert_int_equal(parse(text), GH_E_BAD_REQUEST);
	}
	assert_int_equal(parse("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), 0);
}

static void
request_line__methods_and_versions(void **state)
{
	static const struct {
		const char *line;
		int rc;
	} lines[] = {
	    {"GET / HTTP/1.1", 0},
	    {"HEAD / HTTP/1.0", 0},
	    {"PATCH / HTTP/1.9", 0},
	    {"TRACE / HTTP/1.1", 0},
	    {"BREW / HTTP/1.1", GH_E_NOT_IMPLEMENTED},
	    {"get / HTTP/1.1", GH_E_NOT_IMPLEMENTED},
	    {"CONNECT a:1 HTTP/1.1", GH_E_NOT_IMPLEMENTED},
	    {"GE\x7fT / HTTP/1.1", GH_E_BAD_REQUEST},
	    {" / HTTP/1.1", GH_E_BAD_REQUEST},
	    {"GET  / HTTP/1.1", GH_E_BAD_REQUEST},
	    {"GET / HTTP/1.1 ", GH_E_BAD_REQUEST},
	    {"GET /", GH_E_BAD_REQUEST},
	    {"GET", GH_E_BAD_REQUEST},
	    {"GET / http/1.1", GH_E_BAD_REQUEST},
	    {"GET / HTTP/1.10", GH_E_BAD_REQUEST},
	    {"GET / HTTP/11", GH_E_BAD_REQUEST},
	    {"GET /\tHTTP/1.1", GH_E_BAD_REQUEST},
	    {"GET / HTTP/2.0", GH_E_HTTP_VERSION},
	    {"GET / HTTP/0.9", GH_E_HTTP_VERSION},
	    {"\tGET / HTTP/1.1", GH_E_BAD_REQUEST},
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), "%s\r\n" HOST "\r\n", lines[i].line);
		assert_int_equal(parse(text), lines[i].rc);
	}
	assert_int_equal(parse("PRI * HTTP/2.0\r\n\r\n"), GH_E_NOT_IMPLEMENTED);
}

static void
fields__what_a_value_may_hold(void **state)
{
	(void)state;
	assert_int_equal(parse(GET "X-Certificateformat:\r\nA: \t b\tc \t\r\nB:\xc3\xa4\r\n\r\n"),
	    0);
	assert_int_equal(head.fields, 4);
	assert_string_equal(http_head_field(&head, "x-certificateformat"), "");
	assert_string_equal(http_head_field(&head, "a"), "b\tc");
	assert_string_equal(http_head_field(&head, "b"), "\xc3\xa4");
	assert_null(http_head_field(&head, "c"));
	assert_null(http_head_field(&head, "x"));
}

static void
fields__malformed(void **state)
{
	static const char *const bad[] = {
	    GET "A : b\r\n\r\n",
	    GET " A: b\r\n\r\n",
	    GET "A: b\r\n c\r\n\r\n",
	    GET "A: b\r\n\tc\r\n\r\n",
	    GET ": b\r\n\r\n",
	    GET "A\r\n\r\n",
	    GET "A\tB: c\r\n\r\n",
	    GET "A: b\x01\r\n\r\n",
	    GET "A: b\x7f\r\n\r\n",
	    GET "A: b\rc\r\n\r\n",
	    GET "A: b\n\r\n",
	    GET "A: b\r\r\n\r\n",
	    GET "A(b): c\r\n\r\n",
	    GET "\xc3: c\r\n\r\n",
	    "GET / HTTP/1.1\n" HOST "\r\n",
	    GET "A: b\r\n\n",
	    "GET /\r HTTP/1.1\r\n" HOST "\r\n",
	    "\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i]), GH_E_BAD_REQUEST);
	assert_int_equal(parse_bytes(GET "A: b\0c\r\n\r\n", sizeof(GET "A: b\0c\r\n\r\n") - 1),
	    GH_E_BAD_REQUEST);
	assert_int_equal(parse_bytes(GET "A\0b: c\r\n\r\n", sizeof(GET "A\0b: c\r\n\r\n") - 1),
	    GH_E_BAD_REQUEST);
	assert_int_equal(parse_bytes("GET /\0 HTTP/1.1\r\n\r\n", 20), GH_E_BAD_REQUEST);
}

static void
host__exactly_one(void **state)
{
	static const char *const bad[] = {
	    "GET / HTTP/1.1\r\n\r\n",
	    GET HOST "\r\n",
	    "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
	    "GET http://b/ HTTP/1.1\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
	    "GET / HTTP/1.0\r\n" HOST HOST "\r\n",
	    "GET / HTTP/1.1\r\nHost: \xc3\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i]), GH_E_BAD_REQUEST);
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 0);
	assert_string_equal(head.host, "");
	assert_int_equal(parse("GET / HTTP/1.0\r\n\r\n"), 0);
	assert_string_equal(head.host, "");
}

static void
framing__beyond_doubt(void **state)
{
	static const struct {
		const char *text;
		int rc;
		enum http_framing framing;
		uint64_t length;
	} cases[] = {
	    {POST "\r\n", 0, HTTP_NO_BODY, 0},
	    {POST "Content-Length: 0\r\n\r\n", 0, HTTP_NO_BODY, 0},
	    {POST "Content-Length: 7\r\n\r\n", 0, HTTP_LENGTH, 7},
	    {POST "Content-Length: 007\r\n\r\n", 0, HTTP_LENGTH, 7},
	    {GET "Content-Length: 7\r\n\r\n", 0, HTTP_LENGTH, 7},
	    {POST "Transfer-Encoding: Chunked\r\n\r\n", 0, HTTP_CHUNKED, 0},
	    {POST "Content-Length: 7\r\nContent-Length: 7\r\n\r\n", GH_E_BAD_REQUEST, HTTP_NO_BODY,
		0},
	    {POST "Content-Length: 7\r\ncontent-length: 8\r\n\r\n", GH_E_BAD_REQUEST, HTTP_NO_BODY,
		0},
	    {POST "Content-Length: 7, 7\r\n\r\n", GH_E_BAD_REQUEST, HTTP_NO_BODY, 0},
	    {POST "Content-Length: +7\r\n\r\n", GH_E_BAD_REQUEST, HTTP_NO_BODY, 0},
	    {POST "Content-Length: -7\r\n\r\n", GH_E_BAD_REQUEST, HTTP_NO_BODY, 0},
	    {POST "Content-Length: 0x7\r\n\r\n", GH_E_BAD_REQUEST, HTTP_NO_BODY, 0},
	    {POST "Content-Length: 7 8\r\n\r\n", GH_E_BAD_REQUEST, HTTP_NO_BODY, 0},
	    {POST "Content-Length:\r\n\r\n", GH_E_BAD_REQUEST, HTTP_NO_BODY, 0},
	    {POST "Content-Length: 99999999999999999999\r\n\r\n", GH_E_TOO_LARGE, HTTP_NO_BODY, 0},
	    {POST "Transfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\n", GH_E_BAD_REQUEST,
		HTTP_NO_BODY, 0},
	    {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		GH_E_BAD_REQUEST, HTTP_NO_BODY, 0},
	    {POST "Transfer-Encoding: gzip, chunked\r\n\r\n", GH_E_NOT_IMPLEMENTED, HTTP_NO_BODY,
		0},
	    {POST "Transfer-Encoding: chunked, identity\r\n\r\n", GH_E_NOT_IMPLEMENTED,
		HTTP_NO_BODY, 0},
	    {POST "Transfer-Encoding:\r\n\r\n", GH_E_NOT_IMPLEMENTED, HTTP_NO_BODY, 0},
	    {POST "Transfer-Encoding: \x0b"
		  "chunked\r\n\r\n",
		GH_E_BAD_REQUEST, HTTP_NO_BODY, 0},
	    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", GH_E_BAD_REQUEST,
		HTTP_NO_BODY, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].text), cases[i].rc);
		assert_int_equal(head.framing, cases[i].framing);
		assert_int_equal(head.length, cases[i].length);
	}
}

static void
connection__kept_or_not(void **state)
{
	static const struct {
		const char *text;
		bool is_kept;
	} cases[] = {
	    {GET "\r\n", true},
	    {GET "Connection: close\r\n\r\n", false},
	    {GET "Connection: x, Close\r\n\r\n", false},
	    {GET "Connection: x\r\nConnection: close\r\n\r\n", false},
	    {GET "Connection: closed\r\n\r\n", true},
	    {"GET / HTTP/1.0\r\n\r\n", false},
	    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
	    {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
	    {GET "Connection:\r\n\r\n", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].text), 0);
		assert_int_equal(head.keeps_alive, cases[i].is_kept);
	}
}

static void
expect__one_only(void **state)
{
	(void)state;
	assert_int_equal(parse(POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n"), 0);
	assert_true(head.expects_continue);
	assert_int_equal(parse(POST "Expect: tea\r\n\r\n"), GH_E_EXPECTATION);
	assert_int_equal(parse("GET / HTTP/1.0\r\nExpect: tea\r\n\r\n"), 0);
	assert_false(head.expects_continue);
}

static void
single__refuses_the_second(void **state)
{
	struct gh_error err;
	const char *value;

	(void)state;
	assert_int_equal(parse(GET "A: b\r\na: c\r\nD: e\r\n\r\n"), 0);
	assert_int_equal(http_head_single(&head, "a", &value, &err), GH_E_BAD_REQUEST);
	assert_null(value);
	assert_int_equal(http_head_single(&head, "d", &value, &err), 0);
	assert_string_equal(value, "e");
	assert_int_equal(http_head_single(&head, "f", &value, &err), 0);
	assert_null(value);
}

static void
limits__each(void **state)
{
	static char text[HTTP_HEAD_MAX + 512];
	int n;

	(void)state;
	n = snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\n" HOST "\r\n", HTTP_TARGET_MAX - 1,
	    0);
	assert_int_equal(parse_bytes(text, (size_t)n), 0);
	n = snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\n" HOST "\r\n", HTTP_TARGET_MAX, 0);
	assert_int_equal(parse_bytes(text, (size_t)n), GH_E_TARGET_TOO_LONG);
	n = snprintf(text, sizeof(text), "GET /%0*d", HTTP_TARGET_MAX + 100, 0);
	assert_int_equal(parse_bytes(text, (size_t)n), GH_E_TARGET_TOO_LONG);
	n = snprintf(text, sizeof(text), GET "X: ");
	memset(text + n, 'y', HTTP_HEAD_MAX);
	assert_int_equal(parse_bytes(text, HTTP_HEAD_MAX - 1), 1);
	assert_int_equal(parse_bytes(text, HTTP_HEAD_MAX), GH_E_HEADER_TOO_LARGE);
	memcpy(text + HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
	assert_int_equal(parse_bytes(text, HTTP_HEAD_MAX), 0);
}

static void
limits__lines(void **state)
{
	static char text[HTTP_HEAD_MAX];

	(void)state;
	for (int lines = HTTP_FIELDS_MAX - 1; lines <= HTTP_FIELDS_MAX; lines++) { /* and Host */
		strcpy(text, GET);
		for (int i = 0; i < lines; i++)
			strcat(text, "A: b\r\n");
		strcat(text, "\r\n");
		assert_int_equal(parse(text), lines < HTTP_FIELDS_MAX ? 0 : GH_E_HEADER_TOO_LARGE);
	}
	assert_int_equal(head.fields, 0);
}

/* Whatever comes first, the end is found at the same place. */
static void
find__byte_by_byte(void **state)
{
	static const char text[] = GET "A: b\r\n\r\nGET /next";
	size_t seen = 0, len = 0;
	struct gh_error err;

	(void)state;
	for (size_t n = 1; n < sizeof(text) && len == 0; n++)
		assert_int_equal(http_head_find(text, n, &seen, &len, &err), 0);
	assert_int_equal(len, strstr(text, "GET /next") - text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(target__forms),
	    cmocka_unit_test(request_line__methods_and_versions),
	    cmocka_unit_test(fields__what_a_value_may_hold),
	    cmocka_unit_test(fields__malformed),
	    cmocka_unit_test(host__exactly_one),
	    cmocka_unit_test(framing__beyond_doubt),
	    cmocka_unit_test(connection__kept_or_not),
	    cmocka_unit_test(expect__one_only),
	    cmocka_unit_test(single__refuses_the_second),
	    cmocka_unit_test(limits__each),
	    cmocka_unit_test(limits__lines),
	    cmocka_unit_test(find__byte_by_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
