/* PROXY headers, version 2. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/client_address.h"
#include "http/proxy_header.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

/* The client's address as text; "local", or "" when the header is refused. */
static const char *
client_of(const char *text, size_t n)
{
	static struct client_address a;
	unsigned char p[PROXY_HEADER_MAX] = {0};
	struct sockaddr_storage from;
	struct gh_error err;
	bool is_local;
	size_t size;

	memcpy(p, text, n);
	if (proxy_header_size(p, &size, &err) != 0) {
		assert_int_equal(size, 0);
		return "";
	}
	assert_true(size >= n);
	if (proxy_header_parse(p, size, &from, &is_local, &err) != 0)
		return "";
	client_address_set(&a, (struct sockaddr *)&from);
	if (is_local)
		assert_string_equal(a.text, "");
	return is_local ? "local" : a.text;
}
#define CLIENT_OF(text) client_of(SIGNATURE text, 12 + sizeof(text) - 1)

static void
header__whose_address(void **state)
{
	(void)state;
	assert_string_equal(CLIENT_OF("\x21\x11\0\x0c\xc0\0\2\1\x0a\0\0\1\x30\x39\1\xbb"),
	    "192.0.2.1");
	assert_string_equal(CLIENT_OF("\x21\x11\0\x10\xc0\0\2\1\x0a\0\0\1\x30\x39\1\xbb\4\0\1x"),
	    "192.0.2.1");
	assert_string_equal(CLIENT_OF("\x21\x21\0\x24\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"),
	    "2001:db8::1");
	assert_string_equal(CLIENT_OF("\x20\0\0\0"), "local");
	assert_string_equal(CLIENT_OF("\x20\x11\0\x0c\xc0\0\2\1"), "local");
	assert_string_equal(CLIENT_OF("\x21\0\0\0"), "local");
	assert_string_equal(CLIENT_OF("\x21\x31\0\xd8/run/socket"), "local");
}

static void
header__refused(void **state)
{
	(void)state;
	assert_string_equal(CLIENT_OF("\x21\x11\0\x0b\xc0\0\2\1\x0a\0\0\1\x30\x39\1"), "");
	assert_string_equal(CLIENT_OF("\x21\x21\0\x23\x20\1\xd\xb8"), "");
	assert_string_equal(CLIENT_OF("\x11\x11\0\x0c"), "");
	assert_string_equal(CLIENT_OF("\x22\x11\0\x0c"), "");
	assert_string_equal(CLIENT_OF("\x21\x11\xff\xff"), "");
	assert_string_equal(client_of("PROXY TCP4 192.0.2.1", 20), "");
	assert_string_equal(client_of("GET / HTTP/1.1\r\n", 16), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(header__whose_address),
	    cmocka_unit_test(header__refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
