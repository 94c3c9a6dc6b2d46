/* Every spelling that a known client sends, and what must be refused. */
/* valgrind: parses bytes from outside */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "timestamp.h"

#define T 1704164645 /* 2024-01-02T03:04:05Z */

static void
timestamp__reads_every_spelling(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} good[] = {
	    {"2024-01-02T03:04:05.123Z", T},
	    {"2024-01-02T03:04:05.000000", T},
	    {"2024-01-02T03:04:05", T},
	    {"2024-01-02T03:04:05Z", T},
	    {"2024-01-02T05:04:05+02:00", T},
	    {"2024-01-02T05:04:05.123456789+02:00", T},
	    {"2024-01-01T21:34:05-0530", T},
	    {"2024-01-02T03:04:05.123456Z", T},
	    {"01/02/2024 03:04:05", T},
	    {" 2024-01-02 03:04:05\n", T},
	    {"2024-02-29T00:00:00Z", 1709164800},
	    {"1970-01-01T00:00:00Z", 0},
	    {"2016-12-31T23:59:60Z", 1483228799},
	};
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(gh_timestamp_parse(good[i].text, &t, NULL), 0);
		assert_int_equal(t, good[i].want);
	}
}

static void
timestamp__refuses_the_rest(void **state)
{
	static const char *const bad[] = {"", "now", "2024-01-02", "2024-13-02T03:04:05Z",
	    "2024-02-30T03:04:05Z", "2023-02-29T03:04:05Z", "2024-01-02T24:04:05Z",
	    "2024-01-02T03:60:05Z", "2024-01-02T03:04:61Z", "2024-01-02T03:04Z",
	    "2024-01-02T03:04:05.Z", "2024-01-02T03:04:05.1234567890Z", "2024-01-02T03:04:05ZZ",
	    "2024-01-02T03:04:05+15:00", "2024-01-02T03:04:05 UTC", "24-01-02T03:04:05Z",
	    "1704164645", "2024-01-02T03:04:05+2:00", "9999-12-31T23:59:59-01:00",
	    "0000-01-01T00:00:00+01:00", "2024-1-2T03:04:05Z",
	    "2024-01-02T03:04:05.000000000000000000000000000000000000000000000000000000000000000000Z"};
	int64_t t;
	struct gh_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(gh_timestamp_parse(bad[i], &t, &err), GH_E_TIMESTAMP);
}

static void
timestamp__formats_utc(void **state)
{
	char out[GH_TIMESTAMP_SIZE];

	(void)state;
	assert_string_equal(gh_timestamp_format(T, out), "2024-01-02T03:04:05Z");
	assert_string_equal(gh_timestamp_format(253402300799, out), "9999-12-31T23:59:59Z");
	assert_string_equal(gh_timestamp_format(253402300800, out), "");
}

static void
day__with_or_without_zeros(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} good[] = {{"2024-01-02", 1704153600}, {"2024-1-2", 1704153600},
	    {"2024-02-29", 1709164800}, {"1950-1-1", -631152000}};
	static const char *const bad[] = {"", "2024", "2024-01", "2024-1-", "2024-01-02 ", "24-1-2",
	    "2024-001-02", "2024-1-032", "2023-2-29", "2024-13-1", "2024-0-1", "2024-1-0",
	    "-024-1-1", "2024--1-1", "2024-1--1", "2024/1/2", "1/2/2024", " 2024-1-2",
	    "2024-1-2T03:04:05Z"};
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(gh_day_parse(good[i].text, &t) && t == good[i].want);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(gh_day_parse(bad[i], &t) || t != 0);
}

static void
day__month_first(void **state)
{
	static const char *const bad[] = {"", "1/2", "1/2/24", "13/1/2024", "2/30/2024", "1-2-2024",
	    "1/2/20240", "2024/1/2", "/1/2024"};
	int64_t t;

	(void)state;
	assert_true(gh_day_parse_month_first("1/2/2024", &t) && t == 1704153600);
	assert_true(gh_day_parse_month_first("01/02/2024", &t) && t == 1704153600);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(gh_day_parse_month_first(bad[i], &t) || t != 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(timestamp__reads_every_spelling),
	    cmocka_unit_test(timestamp__refuses_the_rest),
	    cmocka_unit_test(timestamp__formats_utc),
	    cmocka_unit_test(day__with_or_without_zeros),
	    cmocka_unit_test(day__month_first),
	};

	return cmocka_run_group_tests_name("base/timestamp", tests, NULL, NULL);
}
