/* The generated Kore configuration: whatever gatehouse.conf may say, Kore takes it. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/run_files.h"

#define TEXT_MAX 8192

/* What Kore's config.c takes (Debian 12, 4.1.0); KORE_WORKER_MAX is UCHAR_MAX. */
static const struct bound {
	const char *name;
	long min, max;
} bounds[] = {
    {"workers", 1, UCHAR_MAX},
    {"worker_max_connections", 1, UINT_MAX},
    {"worker_rlimit_nofiles", 1, UINT_MAX},
    {"worker_accept_threshold", 1, UINT_MAX},
    {"worker_set_affinity", 0, 1},
};

static char dir[] = "/tmp/test_run_files.XXXXXX";

/* gatehouse.conf with this section "gateway", loaded; NULL when it is refused. */
static struct gh_conf *
load(const char *gateway)
{
	char path[64];
	struct gh_conf *conf = NULL;
	struct gh_error err = {0};
	FILE *f;

	snprintf(path, sizeof(path), "%s/gatehouse.conf", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f,
	    "gateway {\n\trun_dir = \"%s\"\n\tcertificate = \"c\"\n\tkey = \"k\"\n%s}\n"
	    "database {\n\tconninfo = \"dbname=x\"\n}\n"
	    "directory {\n\ttype = \"ad\"\n\turis = \"ldaps://x\"\n\tbase = \"dc=x\"\n}\n",
	    dir, gateway);
	assert_int_equal(fclose(f), 0);
	(void)!gh_conf_load(path, &conf, &err);
	assert_int_equal(unlink(path), 0);
	return conf;
}

static void
write_kore_conf(const char *gateway, char text[TEXT_MAX])
{
	struct gh_conf *conf = load(gateway);
	char path[RUN_PATH_MAX];
	struct gh_error err = {0};
	FILE *f;

	assert_non_null(conf);
	assert_int_equal(run_files_write_kore_conf(conf, path, &err), 0);
	f = fopen(path, "r");
	assert_non_null(f);
	text[fread(text, 1, TEXT_MAX - 1, f)] = '\0';
	fclose(f);
	assert_int_equal(unlink(path), 0);
	gh_conf_free(conf);
}

static long
number_of(const char *text, const char *name)
{
	char line[64];
	const char *at;

	snprintf(line, sizeof(line), "\n%s ", name);
	at = strstr(text, line);
	assert_non_null(at);
	return strtol(at + strlen(line), NULL, 10);
}

static void
assert_kore_takes(const char *gateway)
{
	char text[TEXT_MAX];

	write_kore_conf(gateway, text);
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		long v = number_of(text, bounds[i].name);

		if (v < bounds[i].min || v > bounds[i].max)
			fail_msg("%s %ld: Kore takes %ld to %ld", bounds[i].name, v, bounds[i].min,
			    bounds[i].max);
	}
}

static void
run_files__kore_takes_the_defaults(void **state)
{
	(void)state;
	assert_kore_takes("");
}

static void
run_files__kore_takes_the_smallest_and_the_largest(void **state)
{
	(void)state;
	assert_kore_takes(
	    "\tworkers = 0\n\tthreads = 1\n\tmax_connections = 16\n\tbody_max = 16384\n"
	    "\trequest_timeout = 1\n");
	assert_kore_takes(
	    "\tworkers = 255\n\tthreads = 64\n\tmax_connections = 65536\n\tbody_max = 16777216\n"
	    "\trequest_timeout = 600\n");
}

static void
run_files__automatic_workers_fit_the_database(void **state)
{
	char text[TEXT_MAX];
	long n;

	(void)state;
	write_kore_conf("\tworkers = 0\n", text);
	n = number_of(text, "workers");
	assert_in_range(n, 1, 8);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		assert_in_range(n, 2, 8);
}

static void
run_files__more_workers_than_kore_has_are_refused(void **state)
{
	(void)state;
	assert_null(load("\tworkers = 256\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(run_files__kore_takes_the_defaults),
	    cmocka_unit_test(run_files__kore_takes_the_smallest_and_the_largest),
	    cmocka_unit_test(run_files__automatic_workers_fit_the_database),
	    cmocka_unit_test(run_files__more_workers_than_kore_has_are_refused),
	};
	int failed;

	if (mkdtemp(dir) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return rmdir(dir) != 0 || failed;
}
