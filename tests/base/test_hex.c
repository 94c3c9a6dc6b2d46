/* Hexadecimal digits. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"

static void
value__is_that_of_the_22_digits_and_of_no_other_character(void **state)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	(void)state;
	for (int c = 0; c < 256; c++) {
		const char *at = c != 0 ? strchr(digits, c) : NULL;
		int want = at == NULL ? -1 : (int)(at - digits) - (at - digits > 15 ? 6 : 0);

		assert_int_equal(gh_hex_value((char)c), want);
	}
}

static void
every_byte_comes_back(void **state)
{
	unsigned char in[256], *out;
	char lower[513];
	size_t n;

	(void)state;
	for (int i = 0; i < 256; i++)
		in[i] = (unsigned char)i;
	for (int upper = 0; upper < 2; upper++) {
		char *text = upper ? gh_hex_encode(in, 256) : strdup(gh_hex_lower(in, 256, lower));

		assert_non_null(text);
		assert_int_equal(strlen(text), 512);
		assert_memory_equal(text + 2 * 0xab, upper ? "AB" : "ab", 2);
		assert_int_equal(gh_hex_decode(text, 512, &out, &n, NULL), 0);
		assert_int_equal(n, 256);
		assert_memory_equal(out, in, 256);
		free(text);
		free(out);
	}
}

static void
no_bytes_are_the_empty_text(void **state)
{
	unsigned char *p;
	char out[1] = "x", *text = gh_hex_encode("", 0);
	size_t n = 1;

	(void)state;
	assert_string_equal(text, "");
	assert_string_equal(gh_hex_lower("", 0, out), "");
	assert_int_equal(gh_hex_decode("", 0, &p, &n, NULL), 0);
	assert_non_null(p);
	assert_int_equal(n, 0);
	free(text);
	free(p);
}

static void
decode__pads_odd_length_on_the_left(void **state)
{
	unsigned char *p;
	size_t n;

	(void)state;
	assert_int_equal(gh_hex_decode("aBc", 3, &p, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_memory_equal(p, "\x0A\xBC", 2);
	free(p);
}

static void
decode__refuses_what_is_no_digit(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} bad[] = {{"0g", 2}, {"00 ", 3}, {"0:0", 3}, {"0x00", 4}, {"-1", 2}, {"00\0", 3}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unsigned char *p = (unsigned char *)1;
		size_t n = 1;

		assert_int_equal(gh_hex_decode(bad[i].text, bad[i].len, &p, &n, NULL),
		    GH_E_BAD_REQUEST);
		assert_null(p);
		assert_int_equal(n, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(value__is_that_of_the_22_digits_and_of_no_other_character),
	    cmocka_unit_test(every_byte_comes_back),
	    cmocka_unit_test(no_bytes_are_the_empty_text),
	    cmocka_unit_test(decode__pads_odd_length_on_the_left),
	    cmocka_unit_test(decode__refuses_what_is_no_digit),
	};

	return cmocka_run_group_tests_name("base/hex", tests, NULL, NULL);
}
