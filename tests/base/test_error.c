/* Every code has its own row, and the rows make sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"

/* The enum has gaps; what lies in a gap must fall back to "internal". */
static bool
is_known(int code)
{
	return code == 0 || (code <= -1 && code >= -14) || (code <= -20 && code >= -33) ||
	    (code <= -40 && code >= -52) || (code <= -60 && code >= -63) ||
	    (code <= -80 && code >= -98) || (code <= -110 && code >= -111) ||
	    (code <= -120 && code >= -127);
}

static void
error__each_code_has_a_row(void **state)
{
	(void)state;
	for (int code = 0; code >= GH_CODE_MIN; code--) {
		const struct gh_error_info *info = gh_error_info((enum gh_code)code);

		if (!is_known(code)) {
			assert_int_equal(info->code, GH_E_INTERNAL);
			continue;
		}
		assert_int_equal(info->code, code);
		if (code == 0)
			continue;
		assert_in_range(info->http_status, 400, 505);
		assert_true(info->hresult & 0x80000000u);
		assert_true(strlen(info->name) > 0 && strlen(info->message) > 0);
		/* a denial is a decision: never "try again" */
		assert_false(info->is_denial && info->is_retryable);
		if (info->is_denial)
			assert_int_equal(info->http_status, 403);
	}
}

static void
error__names_are_unique(void **state)
{
	(void)state;
	for (int a = 0; a >= GH_CODE_MIN; a--)
		for (int b = a - 1; b >= GH_CODE_MIN; b--)
			if (is_known(a) && is_known(b))
				assert_string_not_equal(gh_error_info((enum gh_code)a)->name,
				    gh_error_info((enum gh_code)b)->name);
}

static void
error__fail_keeps_the_detail_private(void **state)
{
	struct gh_error err;

	(void)state;
	assert_int_equal(gh_fail(&err, GH_E_DB_DOWN, "host %s", "db1"), GH_E_DB_DOWN);
	assert_null(strstr(err.message, "db1"));
	assert_string_equal(err.detail, "host db1");
	assert_int_equal(gh_refuse(&err, GH_E_METADATA, "field %s", "x"), GH_E_METADATA);
	assert_string_equal(err.message, "field x");
	gh_error_clear(&err);
	assert_int_equal(err.code, GH_OK);
	assert_int_equal(gh_fail(NULL, GH_E_CSR, "no one listens"), GH_E_CSR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(error__each_code_has_a_row),
	    cmocka_unit_test(error__names_are_unique),
	    cmocka_unit_test(error__fail_keeps_the_detail_private),
	};

	return cmocka_run_group_tests_name("base/error", tests, NULL, NULL);
}
