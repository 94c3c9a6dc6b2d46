/* The calendar beside that of the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "calendar.h"

#define YEAR_0 (-62167219200)
#define YEAR_10000 253402300800

static void
every_day_is_that_of_gmtime(void **state)
{
	(void)state;
	for (int64_t t = YEAR_0; t < YEAR_10000; t += GH_DAY_SECONDS + 1) {
		time_t clock = t;
		struct gh_date d;
		struct tm tm;
		int64_t again;

		assert_non_null(gmtime_r(&clock, &tm));
		assert_true(gh_date_of_time(t, &d));
		assert_int_equal(d.year, tm.tm_year + 1900);
		assert_int_equal(d.month, tm.tm_mon + 1);
		assert_int_equal(d.day, tm.tm_mday);
		assert_int_equal(d.hour, tm.tm_hour);
		assert_int_equal(d.minute, tm.tm_min);
		assert_int_equal(d.second, tm.tm_sec);
		assert_int_equal(d.weekday, tm.tm_wday);
		assert_true(gh_date_to_time(&d, &again));
		assert_int_equal(again, t);
	}
}

static void
the_ends(void **state)
{
	struct gh_date d;

	(void)state;
	assert_true(gh_date_of_time(YEAR_0, &d));
	assert_true(d.year == 0 && d.month == 1 && d.day == 1 && d.second == 0);
	assert_true(gh_date_of_time(YEAR_10000 - 1, &d));
	assert_true(d.year == 9999 && d.month == 12 && d.day == 31 && d.second == 59);
	assert_false(gh_date_of_time(YEAR_0 - 1, &d));
	assert_int_equal(d.month, 0);
	assert_false(gh_date_of_time(YEAR_10000, &d));
	assert_false(gh_date_of_time(INT64_MIN, &d));
	assert_false(gh_date_of_time(INT64_MAX, &d));
}

static void
dates_that_do_not_exist(void **state)
{
	static const struct gh_date bad[] = {{-1, 1, 1, 0, 0, 0, 0}, {10000, 1, 1, 0, 0, 0, 0},
	    {2024, 0, 1, 0, 0, 0, 0}, {2024, 13, 1, 0, 0, 0, 0}, {2024, 1, 0, 0, 0, 0, 0},
	    {2024, 4, 31, 0, 0, 0, 0}, {2023, 2, 29, 0, 0, 0, 0}, {1900, 2, 29, 0, 0, 0, 0},
	    {2024, 2, 30, 0, 0, 0, 0}, {2024, 1, 1, 24, 0, 0, 0}, {2024, 1, 1, 0, 60, 0, 0},
	    {2024, 1, 1, 0, 0, 61, 0}, {2024, 1, 1, -1, 0, 0, 0}, {2024, 1, 1, 0, -1, 0, 0},
	    {2024, 1, 1, 0, 0, -1, 0}};
	static const struct gh_date leap = {2000, 2, 29, 0, 0, 0, 0},
				    second = {2016, 12, 31, 23, 59, 60, 0};
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		t = 1;
		assert_false(gh_date_to_time(&bad[i], &t));
		assert_int_equal(t, 0);
	}
	assert_true(gh_date_to_time(&leap, &t));
	assert_int_equal(t, 951782400);
	assert_true(gh_date_to_time(&second, &t));
	assert_int_equal(t, 1483228799);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_day_is_that_of_gmtime),
	    cmocka_unit_test(the_ends),
	    cmocka_unit_test(dates_that_do_not_exist),
	};

	return cmocka_run_group_tests_name("base/calendar", tests, NULL, NULL);
}
