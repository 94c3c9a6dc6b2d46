/* When jobs come again, and the table of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "jobs/job.h"

static void
job_delay__doubles_after_failures(void **state)
{
	static const struct {
		int interval, failures, want;
	} c[] = {
	    {60, 0, 60},
	    {60, 1, 10},
	    {60, 2, 20},
	    {60, 3, 40},
	    {60, 4, 60},
	    {60, 1000, 60},
	    {5, 1, 5},
	    {86400, 0, 86400},
	    {86400, 1, 10},
	    {86400, 9, 2560},
	    {86400, 10, 3600},
	    {86400, 2000000000, 3600},
	    {86400, -1, 86400},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++)
		assert_int_equal(job_delay(c[i].interval, c[i].failures), c[i].want);
}

static void
job_table__each_name_and_interval_once(void **state)
{
	struct gh_conf conf;

	(void)state;
	assert_true(job_table_len >= 3);
	for (size_t i = 0; i < job_table_len; i++) {
		assert_ptr_equal(job_find(job_table[i].name), &job_table[i]);
		assert_true(strlen(job_table[i].about) > 0);
		memset(&conf, 0, sizeof(conf));
		memset((char *)&conf + job_table[i].interval, 1, sizeof(int));
		for (size_t k = 0; k < job_table_len; k++)
			assert_int_equal(job_interval(&job_table[k], &conf) != 0, i == k);
	}
	assert_null(job_find("nothing"));
	assert_null(job_find(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(job_delay__doubles_after_failures),
	    cmocka_unit_test(job_table__each_name_and_interval_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
