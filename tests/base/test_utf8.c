/* UTF-8: character by character, and the repair of text that was cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "utf8.h"

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

static void
utf8_is_valid__looks_at_every_character(void **state)
{
	(void)state;
	assert_true(gh_utf8_is_valid("", 0));
	assert_true(gh_utf8_is_valid("a\0\xc3\xa4", 4));
	assert_false(gh_utf8_is_valid("a\xc3\xa4", 2));
	assert_false(gh_utf8_is_valid("\xc3\xa4\xa4", 3));
}

static void
utf8_length__counts_characters(void **state)
{
	static const char text[] = "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z";

	(void)state;
	assert_int_equal(gh_utf8_length(text, sizeof(text) - 1), 4);
	assert_int_equal(gh_utf8_length(text, 2), 1);
	assert_int_equal(gh_utf8_length(text, 0), 0);
	assert_int_equal(gh_utf8_length("\xff\xff", 2), 2);
}

static void
utf8_cut__tears_no_character(void **state)
{
	static const char text[] = "a\xe2\x82\xac\xf0\x9f\x98\x80";
	static const size_t want[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 8};

	(void)state;
	for (size_t max = 0; max < sizeof(want) / sizeof(want[0]); max++)
		assert_int_equal(gh_utf8_cut(text, 8, max), want[max]);
	assert_int_equal(gh_utf8_cut("\x80\x80\x80", 3, 2), 0);
}

static void
utf8__leaves_what_is_right(void **state)
{
	static const char *const good[] = {"", "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
	    "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		char text[16];

		strcpy(text, good[i]);
		assert_true(gh_utf8_is_clean(text));
		assert_string_equal(gh_utf8_clean(text), good[i]);
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
		assert_false(gh_utf8_is_clean(text));
		assert_string_equal(gh_utf8_clean(text), c[i].repaired);
		assert_true(gh_utf8_is_clean(text));
	}
}

static void
utf8_is_control__what_is_not_shown(void **state)
{
	static const uint32_t yes[] = {0, '\n', 0x1f, 0x7f, 0x80, 0x9b, 0x9f, 0x2028, 0x2029,
	    0x202a, 0x202e, 0x2066, 0x2069};
	static const uint32_t no[] = {' ', '~', 0xa0, 0xfc, 0x200d, 0x2027, 0x202f, 0x2065, 0x206a,
	    0x10ffff};

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		assert_true(gh_utf8_is_control(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		assert_false(gh_utf8_is_control(no[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(utf8_char__takes_what_rfc3629_has),
	    cmocka_unit_test(utf8_char__refuses_all_else),
	    cmocka_unit_test(utf8_is_valid__looks_at_every_character),
	    cmocka_unit_test(utf8_length__counts_characters),
	    cmocka_unit_test(utf8_cut__tears_no_character),
	    cmocka_unit_test(utf8_is_control__what_is_not_shown),
	    cmocka_unit_test(utf8__leaves_what_is_right),
	    cmocka_unit_test(utf8__repairs_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
