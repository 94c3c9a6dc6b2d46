/* Lines of CSV files, read in the memory of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "csv_line.h"

/* The lines of a text: those that are taken, and "!" for each that is refused. */
static void
expect(const char *bytes, size_t n, const char *wanted)
{
	char line[CSV_LINE_SIZE], got[200] = "", *text;
	FILE *in = fmemopen((void *)(uintptr_t)bytes, n, "r");
	struct gh_error err;
	bool is_first = true;
	ssize_t len;

	assert_non_null(in);
	for (; (len = csv_line_read(in, line)) >= 0; is_first = false) {
		bool ok = csv_line_trim(line, (size_t)len, is_first, &text, &err) == 0;

		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.40s|", ok ? text : "!");
	}
	assert_string_equal(got, wanted);
	assert_int_equal(fclose(in), 0);
}

static void
read__lines(void **state)
{
	static const char text[] = "\xef\xbb\xbf"
				   "a,b\r\n\n1\0,2\n\xff\n3,4";

	(void)state;
	expect(text, sizeof(text) - 1, "a,b||!|!|3,4|");
}

/* What is behind a line that is too long is read as ever; no part of it is taken for a line. */
static void
read__long_lines(void **state)
{
	static const size_t lengths[] = {CSV_LINE_MAX, CSV_LINE_MAX + 1, CSV_LINE_MAX + 2,
	    CSV_LINE_MAX + 3, 100 * CSV_LINE_MAX};
	static const char fill[] = "x,\r\"\0";
	static char text[100 * CSV_LINE_MAX + 20];

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (size_t k = 0; k < sizeof(fill) - 1; k++) {
			bool fits = i == 0 && fill[k] != '\0';
			char wanted[100];
			size_t n = 0;

			/* what stands at its end in a text is no part of it */
			if (fill[k] == '\r' && i < 3)
				continue;
			memcpy(text, "a\n", 2);
			memset(text + 2, fill[k], lengths[i]);
			n = 2 + lengths[i];
			memcpy(text + n, "\r\nb\n", 4);
			snprintf(wanted, sizeof(wanted), "a|%.*s|b|", fits ? 40 : 1,
			    fits ? text + 2 : "!");
			expect(text, n + 4, wanted);
		}
}

/* Nothing is taken of a line whose end could not be read. */
static void
read__that_fails(void **state)
{
	char line[CSV_LINE_SIZE];
	FILE *in = fopen("/", "re");

	(void)state;
	assert_non_null(in);
	assert_int_equal(csv_line_read(in, line), -1);
	assert_true(ferror(in));
	assert_int_equal(fclose(in), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(read__lines),
	    cmocka_unit_test(read__long_lines),
	    cmocka_unit_test(read__that_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
