/* Repair of UTF-8 that was cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "utf8.h"

static void
utf8__leaves_what_is_right(void **state)
{
	static const char *const good[] = {"", "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
	    "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		char text[16];

		strcpy(text, good[i]);
		assert_true(enroll_utf8_is_clean(text));
		assert_string_equal(enroll_utf8_clean(text), good[i]);
	}
}

static void
utf8__repairs_what_is_wrong(void **state)
{
	static const struct {
		const char *bad, *repaired;
	} c[] = {
	    {"a\xc3", "a"},
	    {"a\xe2\x82", "a"},
	    {"\xf0\x9f\x98", ""},
	    {"\xc3x", "?x"},
	    {"\x80", "?"},
	    {"\xc0\x80", "??"},
	    {"\xe0\x80\x80", "???"},
	    {"\xed\xa0\x80", "???"},
	    {"\xf4\x90\x80\x80", "????"},
	    {"\xff", "?"},
	    {"a\nb\x7f", "a?b?"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		char text[16];

		strcpy(text, c[i].bad);
		assert_false(enroll_utf8_is_clean(text));
		assert_string_equal(enroll_utf8_clean(text), c[i].repaired);
		assert_true(enroll_utf8_is_clean(text));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(utf8__leaves_what_is_right),
	    cmocka_unit_test(utf8__repairs_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
