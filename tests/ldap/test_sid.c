/* Binary SIDs, well-formed and not. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dir_entry.h"

struct row {
	const char *text; /* NULL: must be refused */
	size_t len;
	const char *bytes;
};

static const struct row rows[] = {
    {"S-1-1-0", 12,
	"\1\1\0\0\0\0\0\1"
	"\0\0\0\0"},
    {"S-1-5-11", 12,
	"\1\1\0\0\0\0\0\5"
	"\13\0\0\0"},
    {"S-1-5-32-544", 16,
	"\1\2\0\0\0\0\0\5"
	"\40\0\0\0"
	"\40\2\0\0"},
    {"S-1-5-21-1004336348-1177238915-682003330-512", 28,
	"\1\5\0\0\0\0\0\5"
	"\25\0\0\0"
	"\xdc\xf4\xdc\x3b"
	"\x83\x3d\x2b\x46"
	"\x82\x8b\xa6\x28"
	"\0\2\0\0"},
    {"S-1-5-4294967295", 12,
	"\1\1\0\0\0\0\0\5"
	"\xff\xff\xff\xff"},
    {"S-1-4294967295-1", 12,
	"\1\1\0\0\xff\xff\xff\xff"
	"\1\0\0\0"},
    {"S-1-0x010000000000-1", 12,
	"\1\1\1\0\0\0\0\0"
	"\1\0\0\0"},
    {"S-1-5", 8, "\1\0\0\0\0\0\0\5"}, {NULL, 0, ""}, {NULL, 7, "\1\0\0\0\0\0\0"},
    {NULL, 11,
	"\1\1\0\0\0\0\0\5"
	"\13\0\0"}, /* too short */
    {NULL, 13,
	"\1\1\0\0\0\0\0\5"
	"\13\0\0\0"
	"\0"}, /* trailing byte */
    {NULL, 12,
	"\2\1\0\0\0\0\0\5"
	"\13\0\0\0"}, /* revision */
    {NULL, 12,
	"\1\2\0\0\0\0\0\5"
	"\13\0\0\0"}, /* count beyond the end */
};

static void
sid__gives_text_or_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *text = dir_sid_text((const unsigned char *)rows[i].bytes, rows[i].len);

		if (rows[i].text == NULL) {
			assert_null(text);
		} else {
			assert_non_null(text);
			assert_string_equal(text, rows[i].text);
		}
		free(text);
	}
	assert_null(dir_sid_text(NULL, 8));
}

static void
sid__bounds_the_count(void **state)
{
	unsigned char sid[8 + 16 * 4] = {1, 15, 0, 0, 0, 0, 0, 5};
	char *text;

	(void)state;
	memset(sid + 8, 0xff, sizeof sid - 8);
	memset(sid + 2, 0xff, 6);
	text = dir_sid_text(sid, 8 + 15 * 4); /* the longest text there is */
	assert_non_null(text);
	assert_int_equal(strlen(text), 4 + 14 + 15 * 11);
	free(text);
	sid[1] = 16;
	assert_null(dir_sid_text(sid, sizeof sid));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sid__gives_text_or_nothing),
	    cmocka_unit_test(sid__bounds_the_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
