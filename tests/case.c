/* In each test program: CASE in the environment names the tests that run, by a pattern with * and
 * ?. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void __attribute__((constructor)) choose(void)
{
	const char *pattern = getenv("CASE");

	if (pattern != NULL)
		cmocka_set_test_filter(pattern);
}
