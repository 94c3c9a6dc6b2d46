/* The pool: bounded, first in first out, every job comes back once, ends in time. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <semaphore.h>

#include <cmocka.h>

#include "pool.h"

struct job {
	struct pool_job pool; /* first member */
	sem_t *start, *gate;  /* posted, then waited for; may be NULL */
	int number;
	void *state;
};

static struct metrics_worker gauges;
static atomic_int threads_started, threads_ended;

static void
run(struct pool_job *p, void *state)
{
	struct job *j = (struct job *)p;

	j->state = state;
	if (j->start != NULL)
		sem_post(j->start);
	if (j->gate != NULL)
		sem_wait(j->gate);
}

static void *
start(void *arg)
{
	atomic_fetch_add(&threads_started, 1);
	return arg;
}

static void
end(void *state)
{
	(void)state;
	atomic_fetch_add(&threads_ended, 1);
}

static struct pool *
make(int threads, int queue)
{
	struct pool_options o = {.threads = threads,
	    .queue = queue,
	    .thread_start = start,
	    .thread_end = end,
	    .arg = &gauges,
	    .gauges = &gauges};
	struct pool *p;

	atomic_store(&threads_started, 0);
	atomic_store(&threads_ended, 0);
	assert_int_equal(pool_new(&o, &p, NULL), 0);
	return p;
}

/* Wait for the eventfd and take what is there. */
static struct pool_job *
take(struct pool *p)
{
	struct pollfd fd = {.fd = pool_fd(p), .events = POLLIN};

	assert_int_equal(poll(&fd, 1, 10000), 1);
	return pool_finished(p);
}

static void
pool__runs_all_in_order(void **state)
{
	struct pool *p = make(1, 1000);
	struct job jobs[1000] = {0};
	int n = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		jobs[i].pool.run = run;
		jobs[i].number = i;
		assert_int_equal(pool_submit(p, &jobs[i].pool, NULL), 0);
	}
	while (n < 1000)
		for (struct pool_job *j = take(p); j != NULL; j = j->next) {
			assert_int_equal(((struct job *)j)->number, n++);
			assert_ptr_equal(((struct job *)j)->state, &gauges);
		}
	assert_int_equal(pool_unfinished(p), 0);
	assert_null(pool_finished(p));
	assert_true(pool_stop(p, 5000));
	assert_int_equal(atomic_load(&threads_started), 1);
	assert_int_equal(atomic_load(&threads_ended), 1);
}

static void
pool__full_queue_refuses_at_once(void **state)
{
	struct pool *p = make(1, 2);
	struct job jobs[4] = {0};
	struct gh_error err;
	sem_t started, gate;
	int n = 0;

	(void)state;
	sem_init(&started, 0, 0);
	sem_init(&gate, 0, 0);
	for (int i = 0; i < 4; i++)
		jobs[i].pool.run = run;
	jobs[0].start = &started;
	jobs[0].gate = &gate;
	assert_int_equal(pool_submit(p, &jobs[0].pool, NULL), 0);
	sem_wait(&started); /* runs: does not count as waiting */
	assert_int_equal(atomic_load(&gauges.busy), 1);
	assert_int_equal(pool_submit(p, &jobs[1].pool, NULL), 0);
	assert_int_equal(pool_submit(p, &jobs[2].pool, NULL), 0);
	assert_int_equal(atomic_load(&gauges.queued), 2);
	assert_int_equal(pool_submit(p, &jobs[3].pool, &err), GH_E_BUSY);
	assert_int_equal(err.code, GH_E_BUSY);
	assert_int_equal(pool_unfinished(p), 3);
	sem_post(&gate);
	while (n < 3)
		for (struct pool_job *j = take(p); j != NULL; j = j->next)
			n++;
	assert_int_equal(pool_submit(p, &jobs[3].pool, NULL), 0);
	assert_non_null(take(p));
	assert_true(pool_stop(p, 5000));
	assert_int_equal(atomic_load(&gauges.busy), 0);
	assert_int_equal(atomic_load(&gauges.queued), 0);
	sem_destroy(&started);
	sem_destroy(&gate);
}

static void
pool__slow_job_delays_no_other(void **state)
{
	struct pool *p = make(2, 100);
	struct job slow = {0}, quick[50] = {0};
	sem_t started, gate;
	int n = 0;

	(void)state;
	sem_init(&started, 0, 0);
	sem_init(&gate, 0, 0);
	slow.pool.run = run;
	slow.start = &started;
	slow.gate = &gate;
	assert_int_equal(pool_submit(p, &slow.pool, NULL), 0);
	sem_wait(&started);
	for (int i = 0; i < 50; i++) {
		quick[i].pool.run = run;
		assert_int_equal(pool_submit(p, &quick[i].pool, NULL), 0);
	}
	while (n < 50)
		for (struct pool_job *j = take(p); j != NULL; j = j->next) {
			assert_ptr_not_equal(j, &slow.pool);
			n++;
		}
	sem_post(&gate);
	assert_ptr_equal(take(p), &slow.pool);
	assert_true(pool_stop(p, 5000));
	sem_destroy(&started);
	sem_destroy(&gate);
}

static void
pool__stop_is_bounded(void **state)
{
	struct pool *p = make(2, 10);
	struct job hangs = {0}, late = {0};
	sem_t started, gate;

	(void)state;
	sem_init(&started, 0, 0);
	sem_init(&gate, 0, 0);
	hangs.pool.run = run;
	hangs.start = &started;
	hangs.gate = &gate;
	late.pool.run = run;
	assert_int_equal(pool_submit(p, &hangs.pool, NULL), 0);
	sem_wait(&started);
	assert_false(pool_stop(p, 20));
	assert_int_equal(pool_submit(p, &late.pool, NULL), GH_E_BUSY);
	sem_post(&gate);
	assert_true(pool_stop(p, 5000));
	assert_int_equal(atomic_load(&threads_ended), 2);
	sem_destroy(&started);
	sem_destroy(&gate);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pool__runs_all_in_order),
	    cmocka_unit_test(pool__full_queue_refuses_at_once),
	    cmocka_unit_test(pool__slow_job_delays_no_other),
	    cmocka_unit_test(pool__stop_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
