/* UTF-8, character by character. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unicode.h"

static void
utf8_char__takes_what_rfc3629_has(void **state)
{
	static const struct {
		const char *s;
		size_t n;
		uint32_t code;
	} rows[] = {
	    {"a", 1, 'a'},
	    {"", 1, 0},
	    {"\177", 1, 0x7f},
	    {"\xc2\x80", 2, 0x80},
	    {"\xdf\xbf", 2, 0x7ff},
	    {"\xe0\xa0\x80", 3, 0x800},
	    {"\xed\x9f\xbf", 3, 0xd7ff},
	    {"\xee\x80\x80", 3, 0xe000},
	    {"\xf0\x90\x80\x80", 4, 0x10000},
	    {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t code = 1;

		assert_int_equal(gh_utf8_char(rows[i].s, GH_UTF8_TO_NUL, &code), rows[i].n);
		assert_int_equal(code, rows[i].code);
		assert_int_equal(gh_utf8_char(rows[i].s, rows[i].n, NULL), rows[i].n);
		assert_int_equal(gh_utf8_char(rows[i].s, rows[i].n - 1, NULL), 0);
	}
}

static void
utf8_char__refuses_all_else(void **state)
{
	static const char *const rows[] = {
	    "\x80",
	    "\xbf",
	    "\xc0\x80",
	    "\xc1\xbf",
	    "\xe0\x9f\xbf",
	    "\xed\xa0\x80",
	    "\xed\xbf\xbf",
	    "\xf0\x8f\xbf\xbf",
	    "\xf4\x90\x80\x80",
	    "\xf5\x80\x80\x80",
	    "\xff",
	    "\xc2",
	    "\xe2\x82",
	    "\xc2 ",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(gh_utf8_char(rows[i], GH_UTF8_TO_NUL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(utf8_char__takes_what_rfc3629_has),
	    cmocka_unit_test(utf8_char__refuses_all_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
