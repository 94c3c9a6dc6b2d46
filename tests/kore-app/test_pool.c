/* The pool: bounded, first in first out, every job comes back once, ends in time. */
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "exchange/pool.h"

struct job {
	struct pool_job pool; /* first member */
	sem_t *start, *gate;  /* posted, then waited for; may be NULL */
	int number;
	void *state;
};

/* ---- what waits for the clock: counted on the pool's threads ---- */

static atomic_int clock_waits;

static int
count_wait(void)
{
	if (gettid() != getpid())
		atomic_fetch_add(&clock_waits, 1);
	return 0;
}

int
nanosleep(const struct timespec *t, struct timespec *left)
{
	(void)t;
	(void)left;
	return count_wait();
}

int
clock_nanosleep(clockid_t id, int flags, const struct timespec *t, struct timespec *left)
{
	(void)id;
	(void)flags;
	(void)t;
	(void)left;
	return count_wait();
}

int
usleep(useconds_t us)
{
	(void)us;
	return count_wait();
}

int
sched_yield(void)
{
	return count_wait();
}

int
pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

	count_wait();
	*(void **)&real = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
	return real(c, m, until);
}

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

/* ---- batches: each member of one is told how many they were ---- */

#define BATCH_MAX 4
#define OWN_THREADS 1 /* of the third kind */

struct member {
	struct pool_job pool; /* first member */
	size_t of;
	bool leaves, stays, ran_alone;
};

static sem_t batch_started, batch_gate;
static bool batch_waits;
static struct pool *made; /* by make */
static atomic_int batches_at_work, batches_most;

static void
run_batch(struct pool_job *jobs, size_t n, void *state)
{
	int now = atomic_fetch_add(&batches_at_work, 1) + 1;

	assert_ptr_equal(state, &gauges);
	if (now > atomic_load(&batches_most))
		atomic_store(&batches_most, now);
	if (batch_waits) {
		sem_post(&batch_started);
		sem_wait(&batch_gate);
	}
	for (size_t i = 0; i < n; i++, jobs = jobs->next) {
		struct member *m = (struct member *)jobs;

		m->of = n;
		if (m->leaves)
			m->stays = pool_leave_batch(made, &m->pool, NULL) != 0;
	}
	assert_null(jobs);
	atomic_fetch_sub(&batches_at_work, 1);
}

static void
run_alone(struct pool_job *p, void *state)
{
	(void)state;
	((struct member *)p)->ran_alone = true;
}

static struct pool_batch kinds[3];

static struct pool *
make(int threads, int queue)
{
	struct pool_options o = {.threads = threads,
	    .batches = kinds,
	    .batches_len = 3,
	    .queue = queue,
	    .thread_start = start,
	    .thread_end = end,
	    .arg = &gauges,
	    .gauges = &gauges};
	struct pool *p;

	kinds[0] = (struct pool_batch){.run = run_batch, .max = BATCH_MAX, .at_once = 1};
	kinds[1] = (struct pool_batch){.run = run_batch, .max = BATCH_MAX, .at_once = 2};
	kinds[2] = (struct pool_batch){.run = run_batch,
	    .max = BATCH_MAX,
	    .at_once = OWN_THREADS,
	    .has_threads = true};
	sem_init(&batch_started, 0, 0);
	sem_init(&batch_gate, 0, 0);
	batch_waits = false;
	atomic_store(&batches_most, 0);
	atomic_store(&threads_started, 0);
	atomic_store(&threads_ended, 0);
	assert_int_equal(pool_new(&o, &p, NULL), 0);
	made = p;
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
	assert_int_equal(atomic_load(&threads_started), 1 + OWN_THREADS);
	assert_int_equal(atomic_load(&threads_ended), 1 + OWN_THREADS);
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
	assert_int_equal(atomic_load(&threads_ended), 2 + OWN_THREADS);
	sem_destroy(&started);
	sem_destroy(&gate);
}

static int
submit(struct pool *p, struct member *m, struct pool_batch *kind)
{
	m->pool.run = run_alone;
	m->pool.batch = kind;
	return pool_submit(p, &m->pool, NULL);
}

/* Take n jobs, which must come in the order of the array. */
static void
take_all(struct pool *p, struct member *m, int n)
{
	int at = 0;

	while (at < n)
		for (struct pool_job *j = take(p); j != NULL; j = j->next)
			assert_ptr_equal(j, &m[at++].pool);
	assert_int_equal(pool_unfinished(p), 0);
}

/* Alone at first; then what came meanwhile together, as many as the kind takes. */
static void
pool__batch_takes_what_waits(void **state)
{
	struct pool *p = make(3, 100);
	struct member m[1 + BATCH_MAX + 2] = {0};
	const int n = 1 + BATCH_MAX + 2;

	(void)state;
	batch_waits = true;
	assert_int_equal(submit(p, &m[0], &kinds[0]), 0);
	sem_wait(&batch_started);
	for (int i = 1; i < n; i++)
		assert_int_equal(submit(p, &m[i], &kinds[0]), 0);
	assert_int_equal(atomic_load(&gauges.queued), n - 1);
	for (int i = 0; i < 3; i++)
		sem_post(&batch_gate);
	take_all(p, m, n);
	assert_int_equal(m[0].of, 1);
	for (int i = 1; i <= BATCH_MAX; i++)
		assert_int_equal(m[i].of, BATCH_MAX);
	assert_int_equal(m[n - 1].of, 2);
	assert_int_equal(atomic_load(&batches_most), 1);
	assert_int_equal(atomic_load(&gauges.queued), 0);
	assert_true(pool_stop(p, 5000));
}

/* As many batches of a kind as it says, and no more, though threads are free. */
static void
pool__batches_at_once(void **state)
{
	struct pool *p = make(4, 100);
	struct member m[3] = {0};

	(void)state;
	batch_waits = true;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(submit(p, &m[i], &kinds[1]), 0);
		sem_wait(&batch_started);
	}
	assert_int_equal(submit(p, &m[2], &kinds[1]), 0);
	assert_int_equal(atomic_load(&gauges.busy), 2);
	for (int i = 0; i < 3; i++)
		sem_post(&batch_gate);
	for (int i = 0; i < 3;)
		for (struct pool_job *j = take(p); j != NULL; j = j->next)
			i++;
	assert_int_equal(atomic_load(&batches_most), 2);
	assert_true(pool_stop(p, 5000));
}

/* A list that is full refuses its own kind; queue and other lists are as they were. */
static void
pool__full_list_is_its_own(void **state)
{
	struct pool *p = make(1, 2);
	struct job hangs = {0};
	struct member m[3] = {0}, other = {0}, alone = {0};
	struct gh_error err;
	sem_t started, gate;
	int n = 0;

	(void)state;
	sem_init(&started, 0, 0);
	sem_init(&gate, 0, 0);
	hangs.pool.run = run;
	hangs.start = &started;
	hangs.gate = &gate;
	assert_int_equal(pool_submit(p, &hangs.pool, NULL), 0);
	sem_wait(&started);
	assert_int_equal(submit(p, &m[0], &kinds[0]), 0);
	assert_int_equal(submit(p, &m[1], &kinds[0]), 0);
	m[2].pool.batch = &kinds[0];
	assert_int_equal(pool_submit(p, &m[2].pool, &err), GH_E_BUSY);
	assert_int_equal(submit(p, &other, &kinds[1]), 0);
	assert_int_equal(submit(p, &alone, NULL), 0);
	sem_post(&gate);
	while (n < 5)
		for (struct pool_job *j = take(p); j != NULL; j = j->next)
			n++;
	assert_int_equal(m[0].of, 2);
	assert_int_equal(other.of, 1);
	assert_true(alone.ran_alone);
	assert_true(pool_stop(p, 5000));
	sem_destroy(&started);
	sem_destroy(&gate);
}

/* Those that their batch cannot serve are run alone, once, as far as the queue has room: each has
 * its place from the moment when it leaves, before the batch has ended. */
static void
pool__members_leave_their_batch(void **state)
{
	struct pool *p = make(1, 3);
	struct member m[4] = {0}, alone = {0};
	struct pool_job *ended[4], *j;
	int n = 0;

	(void)state;
	batch_waits = true;
	assert_int_equal(submit(p, &m[0], &kinds[0]), 0);
	sem_wait(&batch_started);
	for (int i = 1; i < 4; i++) {
		m[i].leaves = true;
		assert_int_equal(submit(p, &m[i], &kinds[0]), 0);
	}
	sem_post(&batch_gate);
	assert_ptr_equal(take(p), &m[0].pool);
	sem_wait(&batch_started);
	assert_int_equal(submit(p, &alone, NULL), 0);
	sem_post(&batch_gate);
	while (n < 4)
		for (j = take(p); j != NULL; j = j->next)
			ended[n++] = j;
	assert_ptr_equal(ended[0], &m[3].pool); /* no room for the third */
	assert_true(m[3].stays);
	assert_false(m[3].ran_alone);
	assert_ptr_equal(ended[1], &alone.pool);
	assert_ptr_equal(ended[2], &m[1].pool);
	assert_ptr_equal(ended[3], &m[2].pool);
	assert_true(m[1].ran_alone && m[2].ran_alone);
	assert_false(m[0].ran_alone);
	assert_int_equal(m[1].of, 3);
	assert_int_equal(pool_unfinished(p), 0);
	assert_true(pool_stop(p, 5000));
}

/* All threads of the pool hang: a kind that has its own is served, what it leaves waits for one of
 * the others, and its thread takes nothing from the queue. */
static void
pool__kind_with_its_own_thread(void **state)
{
	struct pool *p = make(2, 100);
	struct job hangs[2] = {0}, queued = {0};
	struct member m[3] = {{.leaves = true}};
	sem_t started, gate;
	int n = 0;

	(void)state;
	assert_int_equal(atomic_load(&gauges.threads), 2 + OWN_THREADS);
	sem_init(&started, 0, 0);
	sem_init(&gate, 0, 0);
	for (int i = 0; i < 2; i++) {
		hangs[i].pool.run = run;
		hangs[i].start = &started;
		hangs[i].gate = &gate;
		assert_int_equal(pool_submit(p, &hangs[i].pool, NULL), 0);
		sem_wait(&started);
	}
	queued.pool.run = run;
	assert_int_equal(pool_submit(p, &queued.pool, NULL), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(submit(p, &m[i], &kinds[2]), 0);
		if (i > 0)
			assert_ptr_equal(take(p), &m[i].pool);
	}
	assert_null(queued.state);
	assert_false(m[0].ran_alone);
	assert_int_equal(pool_unfinished(p), 4);
	sem_post(&gate);
	sem_post(&gate);
	while (n < 4)
		for (struct pool_job *j = take(p); j != NULL; j = j->next)
			n++;
	assert_true(m[0].ran_alone);
	assert_true(pool_stop(p, 5000));
	assert_int_equal(atomic_load(&threads_ended), 2 + OWN_THREADS);
	sem_destroy(&started);
	sem_destroy(&gate);
}

/* One client, one call after the other: nobody waits for others to come, on no kind of threads. */
static void
pool__alone_waits_for_no_timer(void **state)
{
	struct pool *p = make(1, 10);

	(void)state;
	atomic_store(&clock_waits, 0);
	for (int i = 0; i < 300; i++) {
		struct member m = {0};

		assert_int_equal(submit(p, &m, &kinds[i % 3]), 0);
		take_all(p, &m, 1);
		assert_int_equal(m.of, 1);
	}
	assert_int_equal(atomic_load(&clock_waits), 0);
	assert_true(pool_stop(p, 5000));
}

/* One wake-up for all that a batch has answered. */
static void
pool__batch_wakes_once(void **state)
{
	struct pool *p = make(1, 100);
	struct member m[1 + BATCH_MAX] = {0};
	eventfd_t count;

	(void)state;
	batch_waits = true;
	assert_int_equal(submit(p, &m[0], &kinds[2]), 0);
	sem_wait(&batch_started);
	for (int i = 1; i <= BATCH_MAX; i++)
		assert_int_equal(submit(p, &m[i], &kinds[2]), 0);
	sem_post(&batch_gate);
	assert_ptr_equal(take(p), &m[0].pool);
	sem_post(&batch_gate);
	assert_int_equal(poll(&(struct pollfd){.fd = pool_fd(p), .events = POLLIN}, 1, 10000), 1);
	assert_int_equal(eventfd_read(pool_fd(p), &count), 0);
	assert_int_equal(count, 1);
	assert_ptr_equal(pool_finished(p), &m[1].pool);
	for (int i = 1; i <= BATCH_MAX; i++)
		assert_int_equal(m[i].of, BATCH_MAX);
	assert_int_equal(pool_unfinished(p), 0);
	assert_true(pool_stop(p, 5000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pool__runs_all_in_order),
	    cmocka_unit_test(pool__full_queue_refuses_at_once),
	    cmocka_unit_test(pool__slow_job_delays_no_other),
	    cmocka_unit_test(pool__stop_is_bounded),
	    cmocka_unit_test(pool__batch_takes_what_waits),
	    cmocka_unit_test(pool__batches_at_once),
	    cmocka_unit_test(pool__full_list_is_its_own),
	    cmocka_unit_test(pool__members_leave_their_batch),
	    cmocka_unit_test(pool__kind_with_its_own_thread),
	    cmocka_unit_test(pool__alone_waits_for_no_timer),
	    cmocka_unit_test(pool__batch_wakes_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
