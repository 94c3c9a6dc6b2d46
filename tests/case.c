/* In each test program: CASE in the environment names the tests that run, by a pattern with * and
 * ?. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "case.h"

static void __attribute__((constructor)) choose(void)
{
	const char *pattern = getenv("CASE");

	if (pattern != NULL)
		cmocka_set_test_filter(pattern);
}

size_t
case_stride(void)
{
	const char *text = getenv("CASE_STRIDE");
	unsigned long n = text != NULL ? strtoul(text, NULL, 10) : 1;

	return n > 0 ? n : 1;
}
