/* Percent-encoding. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "percent.h"

static void
every_byte_has_a_code(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		char text[2][4];

		snprintf(text[0], sizeof(text[0]), "%%%02X", (unsigned)c);
		snprintf(text[1], sizeof(text[1]), "%%%02x", (unsigned)c);
		for (int i = 0; i < 2; i++) {
			const char *p = text[i];

			assert_int_equal(gh_percent_next(&p, text[i] + 3), c);
			assert_ptr_equal(p, text[i] + 3);
		}
	}
}

static void
all_else_is_itself(void **state)
{
	static const char text[] = "a+/\xff\0";
	const char *p = text;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		assert_int_equal(gh_percent_next(&p, text + sizeof(text) - 1),
		    (unsigned char)text[i]);
	assert_ptr_equal(p, text + sizeof(text) - 1);
}

static void
a_broken_code_is_refused(void **state)
{
	static const char *const bad[] = {"%", "%4", "%g0", "%0g", "%%41", "%-1", "% 1"};
	const char *digits = "%41", *p = digits;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		p = bad[i];
		assert_int_equal(gh_percent_next(&p, bad[i] + strlen(bad[i])), -1);
		assert_ptr_equal(p, bad[i]);
	}
	/* digits behind the end do not count */
	p = digits;
	assert_int_equal(gh_percent_next(&p, digits + 2), -1);
	assert_int_equal(gh_percent_next(&p, digits + 3), 'A');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_byte_has_a_code),
	    cmocka_unit_test(all_else_is_itself),
	    cmocka_unit_test(a_broken_code_is_refused),
	};

	return cmocka_run_group_tests_name("base/percent", tests, NULL, NULL);
}
