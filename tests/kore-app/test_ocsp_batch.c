/* OCSP requests in batches, when the pool has no room: each is answered once, also those that come
 * meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app_state.h"
#include "exchange.h"

#define N 200

struct app_state app_state;

static struct gh_conf conf = {.gateway.queue = N};
static struct exchange exchanges[N];
static int taken_in, finished[N], refused_at_once[N];
static int pipelined;  /* refusals behind which the same client's next request is there already */
static bool is_full;   /* the pool */
static bool gets_room; /* as soon as the first refusal is on its way */
static struct pool_job *jobs[N];
static int jobs_len;

/* --- instead of the pool and the life of an exchange
 * ------------------------------------------------ */

int
pool_submit(struct pool *p, struct pool_job *job, struct gh_error *err)
{
	(void)p;
	if (is_full)
		return gh_fail(err, GH_E_BUSY, "full");
	jobs[jobs_len++] = job;
	return 0;
}

int
exchange_pool_env(struct enroll_env *env, struct gh_error *err)
{
	(void)env;
	(void)err;
	return 0;
}

void
exchange_refuse(struct exchange *x, const struct gh_error *err)
{
	x->rep.status = 503;
	assert_int_equal(err->code, GH_E_BUSY);
}

static void
request(void)
{
	struct gh_error err = {0};
	int i = taken_in++;

	assert_true(i < N);
	refused_at_once[i] = ocsp_batch_submit(&exchanges[i], &err) != 0;
}

void
exchange_finished(struct exchange *x)
{
	finished[x - exchanges]++;
	if (x->rep.status != 503)
		return;
	if (gets_room)
		is_full = false;
	if (pipelined > 0) {
		pipelined--;
		request();
	}
}

/* --- tests
 * ------------------------------------------------------------------------------------------ */

static void
run_all(void)
{
	for (int i = 0; i < jobs_len; i++)
		assert_true(ocsp_batch_finished(jobs[i]));
	jobs_len = 0;
}

static void
each_is_answered_once(void)
{
	for (int i = 0; i < taken_in; i++)
		assert_int_equal(finished[i] + refused_at_once[i], 1);
}

/* Two batches are at work, more than one batch waits, and the pool is full when the two come
 * back. */
static void
fill_up(void)
{
	memset(exchanges, 0, sizeof(exchanges));
	memset(finished, 0, sizeof(finished));
	memset(refused_at_once, 0, sizeof(refused_at_once));
	app_state.conf = &conf;
	taken_in = pipelined = jobs_len = 0;
	is_full = gets_room = false;
	for (int i = 0; i < 2 + OCSP_BATCH_MAX + 8; i++)
		request();
	assert_int_equal(jobs_len, 2);
	is_full = true;
}

static void
test_refused(void **state)
{
	(void)state;
	fill_up();
	run_all();
	each_is_answered_once();
	assert_int_equal(exchanges[2].rep.status, 503);
}

static void
test_refused_with_requests_behind_them(void **state)
{
	(void)state;
	fill_up();
	pipelined = 2 * OCSP_BATCH_MAX;
	run_all();
	each_is_answered_once();
}

static void
test_room_while_refusing(void **state)
{
	(void)state;
	fill_up();
	assert_true(ocsp_batch_finished(jobs[0]));
	jobs[0] = jobs[--jobs_len];
	gets_room = true;
	pipelined = 1;
	while (jobs_len > 0) {
		struct pool_job *job = jobs[--jobs_len];

		assert_true(ocsp_batch_finished(job));
	}
	each_is_answered_once();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_room_while_refusing),
	    cmocka_unit_test(test_refused_with_requests_behind_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
