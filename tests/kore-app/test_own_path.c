/* Paths that a redirect may lead to: a path of ours, and nothing that a browser reads as another
 * server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pages/own_path.h"

static void
own_path__is_ours(void **state)
{
	static const char *const good[] = {"/", "/csr/upload", "/a?b=c&d=%2F%2Fx", "/a//b", "/:80",
	    "/@evil.example", "/.//evil.example"};
	char longest[OWN_PATH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!own_path_is(good[i]))
			fail_msg("%s", good[i]);
	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[OWN_PATH_MAX] = '\0';
	assert_true(own_path_is(longest));
}

static void
own_path__is_not(void **state)
{
	static const char *const bad[] = {"", "a", "//", "//evil.example", "///evil.example",
	    "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/a\\b",
	    "https://evil.example", "javascript:alert(1)", "data:,x", "/\t/evil.example",
	    "\t//evil.example", " /", "/ ", "/a\r\nSet-Cookie: x=y", "/a\nb", "/\x7f", "/\xc3\xa4",
	    "/\x01", "?a", "#a"};
	char longer[OWN_PATH_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (own_path_is(bad[i]))
			fail_msg("%s", bad[i]);
	memset(longer, 'a', sizeof(longer));
	longer[0] = '/';
	longer[OWN_PATH_MAX + 1] = '\0';
	assert_false(own_path_is(longer));
}

static void
next_is(const char *query, const char *expected)
{
	char out[OWN_PATH_MAX + 1];

	own_path_next(query, out);
	if (strcmp(out, expected) != 0)
		fail_msg("%s: %s", query, out);
}

static void
own_path__of_a_query(void **state)
{
	char query[3 * OWN_PATH_MAX + 16] = "next=/";

	(void)state;
	next_is("next=%2Fa%3Fb%3Dc", "/a?b=c");
	next_is("next=/a&lang=de", "/a");
	next_is("lang=de&next=/a", "/a");
	next_is("next=/a&next=/b", "/a");
	next_is("", "/");
	next_is("lang=de", "/");
	next_is("xnext=/a", "/");
	next_is("next", "/");
	next_is("next=", "/");
	next_is("next=%2F%2Fevil.example", "/");
	next_is("next=/%5Cevil.example", "/");
	next_is("next=/%0D%0ALocation:x", "/");
	next_is("next=/a%00b", "/");
	next_is("next=/%", "/");
	next_is("next=/%4", "/");
	next_is("next=/%4&x=1", "/");
	next_is("next=/%zz", "/");
	for (int i = 0; i < OWN_PATH_MAX; i++)
		strcat(query, "%61");
	next_is(query, "/");
}

/* What it writes, it reads. */
static void
own_path__there_and_back(void **state)
{
	static const char *const paths[][2] = {{"/requests/5", ""}, {"/csr/upload", "a=b&c=%2F+d"},
	    {"/", "x=%&y='\"<>"}};
	char link[OWN_PATH_LOGIN_SIZE], whole[64], out[OWN_PATH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(own_path_login(paths[i][0], paths[i][1], link));
		assert_int_equal(strncmp(link, "/login?", 7), 0);
		assert_true(own_path_is(link));
		own_path_next(link + 7, out);
		strcpy(whole, paths[i][0]);
		if (*paths[i][1] != '\0')
			strcat(strcat(whole, "?"), paths[i][1]);
		assert_string_equal(out, whole);
	}
	assert_false(own_path_login("//evil.example", "", link));
	assert_false(own_path_login("/a\nb", "", link));
}

/* Whatever comes: what it lets through is ours (ASan: nothing beyond is read or written). */
static void
own_path__any_bytes(void **state)
{
	static const char alphabet[] = "/\\%25FCcaA?&=ne\txt\r\n:. @\x80\x7f+";
	char text[64], out[OWN_PATH_MAX + 1];

	(void)state;
	srandom(1);
	for (int i = 0; i < 200000; i++) {
		size_t n = (size_t)random() % 40;

		strcpy(text, "next=/");
		for (size_t k = 6; k < 6 + n; k++) {
			text[k] = alphabet[(size_t)random() % (sizeof(alphabet) - 1)];
			text[k + 1] = '\0';
		}
		own_path_next(text, out);
		assert_true(own_path_is(out));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(own_path__is_ours),
	    cmocka_unit_test(own_path__is_not),
	    cmocka_unit_test(own_path__of_a_query),
	    cmocka_unit_test(own_path__there_and_back),
	    cmocka_unit_test(own_path__any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
