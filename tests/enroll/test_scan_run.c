/* How fast a scan asks: by a clock that only those move on who sleep, or ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "scan/scan_run.h"
#include "timestamp.h"

#define TARGETS 40
#define SECOND INT64_C(1000000)

static _Atomic int64_t now;
static _Thread_local int64_t looked; /* what this thread was told last */

static void
move_on_to(int64_t when)
{
	int64_t was = now;

	while (was < when && !atomic_compare_exchange_weak(&now, &was, when))
		;
}

int64_t
gh_now_us(void)
{
	return looked = now;
}

int
nanosleep(const struct timespec *t, struct timespec *left)
{
	(void)left;
	move_on_to(looked + t->tv_sec * SECOND + t->tv_nsec / 1000);
	return 0;
}

/* ---- instead of connections ---- */

static int64_t takes[TARGETS]; /* microseconds, of each target's connection */
static int64_t begun[TARGETS]; /* when each connection was begun, in turn */
static int begins, taken;

void
scan_probe(const struct scan_target *t, X509_STORE *trust, int timeout, struct scan_result *out)
{
	(void)trust;
	(void)timeout;
	memset(out, 0, sizeof(*out));
	move_on_to(now + takes[atoi(t->host + 1)]);
}

void
scan_result_clear(struct scan_result *r)
{
	(void)r;
}

static int
begin(void *arg, const struct scan_target *t, struct gh_error *err)
{
	(void)arg;
	(void)t;
	(void)err;
	begun[begins++] = now;
	return 0;
}

static int
take(void *arg, const struct scan_target *t, const struct scan_result *r, struct gh_error *err)
{
	int *most = arg;

	(void)t;
	(void)r;
	taken++;
	return taken == *most ? gh_fail(err, GH_E_BUSY, "that is enough") : 0;
}

/* most: of answers, which end it; 0: all. */
static int
run(int rate, int parallel, int most)
{
	struct scan_target all[TARGETS];
	const struct scan_targets targets = {.v = all, .n = TARGETS};
	const struct scan_pace pace = {.rate = rate,
	    .parallel = parallel,
	    .timeout = 1,
	    .begin = begin,
	    .take = take,
	    .arg = &most};
	struct gh_error err;

	memset(all, 0, sizeof(all));
	for (int i = 0; i < TARGETS; i++) {
		all[i].host[0] = 't';
		all[i].host[1] = (char)('0' + i / 10);
		all[i].host[2] = (char)('0' + i % 10);
	}
	begins = taken = 0;
	now = 0;
	return scan_run(&targets, NULL, &pace, &err);
}

static void
rate__of_one_at_a_time(void **state)
{
	static const int rates[] = {1, 7, 10, 1000};

	(void)state;
	memset(takes, 0, sizeof(takes));
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		assert_int_equal(run(rates[i], 1, 0), 0);
		assert_int_equal(begins, TARGETS);
		for (int k = 0; k < TARGETS; k++)
			assert_int_equal(begun[k], k * (SECOND / rates[i]));
	}
}

/* What a slow endpoint has cost is not made up for. */
static void
rate__behind_a_slow_one(void **state)
{
	(void)state;
	memset(takes, 0, sizeof(takes));
	takes[3] = 60 * SECOND;
	assert_int_equal(run(10, 1, 0), 0);
	assert_int_equal(begins, TARGETS);
	for (int k = 1; k < TARGETS; k++)
		assert_true(begun[k] - begun[k - 1] >= SECOND / 10);
	assert_true(begun[4] >= 60 * SECOND);
	takes[3] = 0;
}

/* However many ask: until a moment no more are begun than the rate allows. */
static void
rate__of_many_at_a_time(void **state)
{
	(void)state;
	for (int i = 0; i < TARGETS; i++)
		takes[i] = i % 5 * 30000;
	for (int parallel = 2; parallel <= SCAN_PARALLEL_MAX; parallel *= 2) {
		assert_int_equal(run(20, parallel, 0), 0);
		assert_int_equal(begins, TARGETS);
		assert_int_equal(taken, TARGETS);
		for (int k = 0; k < TARGETS; k++)
			assert_true(begun[k] >= k * (SECOND / 20));
	}
}

static void
run__ends_when_nobody_listens(void **state)
{
	(void)state;
	memset(takes, 0, sizeof(takes));
	assert_int_equal(run(10, 1, 5), GH_E_BUSY);
	assert_int_equal(begins, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rate__of_one_at_a_time),
	    cmocka_unit_test(rate__behind_a_slow_one),
	    cmocka_unit_test(rate__of_many_at_a_time),
	    cmocka_unit_test(run__ends_when_nobody_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
