/* The thread pool: one mutex, the queue, the lists of the kinds, and what is done. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "pool.h"

#define STACK_BYTES (1024 * 1024)
#define YIELDS 4 /* so often a batch lets others go first, and again when that brought a job */

struct pool {
	struct pool_options o;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t work;  /* queue has a job, or stopping */
	pthread_cond_t ended; /* a thread has ended */
	struct pool_job *queue, **queue_end;
	struct pool_job *done, **done_end;
	int queued;
	int unfinished;
	int running; /* threads that have not ended */
	int started; /* threads to be joined */
	bool stopping;
	int event;
	struct pool_thread *thread;
};

struct pool_thread {
	pthread_t id;
	struct pool *pool;
	struct pool_batch *batch; /* it works for this kind alone; NULL: for the queue */
	size_t last;              /* jobs in its last batch */
};

/* What a thread works on. */
struct pool_work {
	struct pool_job *jobs;
	size_t n;
	struct pool_batch *batch; /* NULL: one job alone */
};

/* ---- with the lock ---- */

static void
tell_queued(struct pool *p)
{
	int most = p->queued;

	for (size_t i = 0; i < p->o.batches_len; i++)
		if (p->o.batches[i].waiting_len > most)
			most = p->o.batches[i].waiting_len;
	atomic_store(&p->o.gauges->queued, most);
}

static void
append(struct pool *p, struct pool_job *job)
{
	job->next = NULL;
	*p->queue_end = job;
	p->queue_end = &job->next;
	pthread_cond_signal(&p->work);
}

/* A list with jobs in it stands in the queue, unless enough threads are at work for it: then when
 * one of them has finished. */
static void
give_turn(struct pool *p, struct pool_batch *b)
{
	if (b->waiting == NULL)
		return;
	if (b->has_threads) {
		pthread_cond_signal(&b->work);
		return;
	}
	if (b->has_turn || b->at_work >= b->at_once)
		return;
	b->has_turn = true;
	append(p, &b->turn);
}

static void
take_waiting(struct pool *p, struct pool_batch *b, struct pool_work *w)
{
	struct pool_job **end = &b->waiting;

	*w = (struct pool_work){.jobs = b->waiting, .batch = b};
	while (*end != NULL && w->n < b->max) {
		end = &(*end)->next;
		w->n++;
	}
	b->waiting = *end;
	*end = NULL;
	if (b->waiting == NULL)
		b->waiting_end = &b->waiting;
	b->waiting_len -= (int)w->n;
	b->has_turn = false;
	b->at_work++;
	give_turn(p, b);
}

static void
take_first(struct pool *p, struct pool_work *w)
{
	struct pool_job *job = p->queue;

	p->queue = job->next;
	if (p->queue == NULL)
		p->queue_end = &p->queue;
	if (job->batch != NULL) {
		take_waiting(p, job->batch, w);
	} else {
		job->next = NULL;
		*w = (struct pool_work){.jobs = job, .n = 1};
		p->queued--;
	}
	tell_queued(p);
}

/* Jobs that their batch left, into the queue; all others, to those that are done. */
static void
put_back(struct pool *p, struct pool_work *w)
{
	struct pool_job *job = w->jobs, *next;

	for (; job != NULL; job = next) {
		next = job->next;
		if (w->batch != NULL && job->batch == NULL) { /* its place is counted already */
			append(p, job);
			continue;
		}
		job->next = NULL;
		*p->done_end = job;
		p->done_end = &job->next;
	}
	if (w->batch != NULL) {
		w->batch->at_work--;
		give_turn(p, w->batch);
	}
	tell_queued(p);
}

/* ---- the threads ---- */

/*
 * Where several came together, their answers bring the next ones, and the first of these wakes the
 * thread. So whoever is ready to run goes before the batch is taken, as long as that brings more:
 * the event loop first of all. This is no wait: when nobody is ready, a yield returns at once.
 */
static void
let_others_go(struct pool *p, const struct pool_batch *b)
{
	int before = b->waiting_len;

	for (int n = 0; n < YIELDS && b->waiting_len < (int)b->max && !p->stopping; n++) {
		pthread_mutex_unlock(&p->lock);
		sched_yield();
		pthread_mutex_lock(&p->lock);
		if (b->waiting_len > before)
			n = 0;
		before = b->waiting_len;
	}
}

static bool
has_none(const struct pool *p, const struct pool_batch *b)
{
	return (b != NULL ? b->waiting : p->queue) == NULL && !p->stopping;
}

static bool
next_work(struct pool_thread *t, struct pool_work *w)
{
	struct pool *p = t->pool;
	struct pool_batch *b = t->batch;
	bool goes_on;

	pthread_mutex_lock(&p->lock);
	do {
		while (has_none(p, b))
			pthread_cond_wait(b != NULL ? &b->work : &p->work, &p->lock);
		if (b != NULL && t->last > 1)
			let_others_go(p, b);
	} while (has_none(p, b));
	goes_on = !p->stopping;
	if (goes_on && b != NULL) {
		take_waiting(p, b, w);
		tell_queued(p);
	} else if (goes_on) {
		take_first(p, w);
	}
	pthread_mutex_unlock(&p->lock);
	return goes_on;
}

static void
run_work(struct pool *p, const struct pool_work *w, void *state)
{
	atomic_fetch_add(&p->o.gauges->busy, 1);
	if (w->batch != NULL)
		w->batch->run(w->jobs, w->n, state);
	else
		w->jobs->run(w->jobs, state);
	atomic_fetch_sub(&p->o.gauges->busy, 1);
}

static void
finish_work(struct pool *p, struct pool_work *w)
{
	bool was_empty, is_empty;

	pthread_mutex_lock(&p->lock);
	was_empty = p->done == NULL;
	put_back(p, w);
	is_empty = p->done == NULL;
	pthread_mutex_unlock(&p->lock);
	/* the counter is only full after 2^64 - 2 writes that nobody read */
	if (was_empty && !is_empty && eventfd_write(p->event, 1) != 0)
		abort();
}

static void *
thread_main(void *arg)
{
	struct pool_thread *t = arg;
	struct pool *p = t->pool;
	void *state = p->o.thread_start != NULL ? p->o.thread_start(p->o.arg) : NULL;
	struct pool_work w;

	while (next_work(t, &w)) {
		run_work(p, &w, state);
		finish_work(p, &w);
		t->last = w.n;
	}
	if (p->o.thread_end != NULL)
		p->o.thread_end(state);
	pthread_mutex_lock(&p->lock);
	p->running--;
	pthread_cond_signal(&p->ended);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static int
threads_of(const struct pool_batch *b)
{
	return b->has_threads ? b->at_once : 0;
}

static int
all_threads(const struct pool_options *o)
{
	int n = o->threads;

	for (size_t i = 0; i < o->batches_len; i++)
		n += threads_of(&o->batches[i]);
	return n;
}

static int
start_thread(struct pool *p, const pthread_attr_t *attr, struct pool_batch *b)
{
	struct pool_thread *t;
	int rc;

	pthread_mutex_lock(&p->lock);
	t = &p->thread[p->started];
	*t = (struct pool_thread){.pool = p, .batch = b};
	rc = pthread_create(&t->id, attr, thread_main, t);
	if (rc == 0) {
		p->started++;
		p->running++;
	}
	pthread_mutex_unlock(&p->lock);
	return rc;
}

static int
start_threads(struct pool *p)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int rc = 0;

	/* signals are the business of the thread that runs the event loop */
	sigfillset(&all);
	if (pthread_attr_init(&attr) != 0)
		return -1;
	if (pthread_attr_setstacksize(&attr, STACK_BYTES) != 0 ||
	    pthread_sigmask(SIG_SETMASK, &all, &before) != 0) {
		pthread_attr_destroy(&attr);
		return -1;
	}
	for (int i = 0; i < p->o.threads && rc == 0; i++)
		rc = start_thread(p, &attr, NULL);
	for (size_t k = 0; k < p->o.batches_len; k++)
		for (int i = 0; i < threads_of(&p->o.batches[k]) && rc == 0; i++)
			rc = start_thread(p, &attr, &p->o.batches[k]);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return rc == 0 ? 0 : -1;
}

static void
pool_free(struct pool *p)
{
	if (p->event >= 0)
		close(p->event);
	for (size_t i = 0; i < p->o.batches_len; i++)
		pthread_cond_destroy(&p->o.batches[i].work);
	pthread_cond_destroy(&p->ended);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p->thread);
	free(p);
}

static void
init_batch(struct pool_batch *b)
{
	pthread_cond_init(&b->work, NULL);
	b->turn = (struct pool_job){.batch = b};
	b->has_turn = false;
	b->at_work = b->waiting_len = 0;
	b->waiting = NULL;
	b->waiting_end = &b->waiting;
}

static struct pool *
pool_alloc(const struct pool_options *o)
{
	struct pool *p = calloc(1, sizeof(*p));
	pthread_condattr_t monotonic;

	if (p == NULL)
		return NULL;
	p->o = *o;
	p->queue_end = &p->queue;
	p->done_end = &p->done;
	for (size_t i = 0; i < o->batches_len; i++)
		init_batch(&o->batches[i]);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&p->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	p->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	p->thread = calloc((size_t)all_threads(o), sizeof(*p->thread));
	if (p->event < 0 || p->thread == NULL) {
		pool_free(p);
		return NULL;
	}
	return p;
}

int
pool_new(const struct pool_options *o, struct pool **out, struct gh_error *err)
{
	struct pool *p = pool_alloc(o);

	*out = NULL;
	if (p == NULL)
		return gh_fail(err, GH_E_NOMEM, "thread pool");
	atomic_store(&o->gauges->queued, 0);
	atomic_store(&o->gauges->busy, 0);
	atomic_store(&o->gauges->threads, all_threads(o));
	atomic_store(&o->gauges->queue_max, o->queue);
	if (start_threads(p) != 0) {
		(void)pool_stop(p, 1000); /* threads without a job end at once */
		return gh_fail(err, GH_E_INTERNAL, "cannot start %d threads", all_threads(o));
	}
	*out = p;
	return 0;
}

static void
enqueue(struct pool *p, struct pool_job *job)
{
	struct pool_batch *b = job->batch;

	if (b == NULL) {
		append(p, job);
		p->queued++;
	} else {
		job->next = NULL;
		*b->waiting_end = job;
		b->waiting_end = &job->next;
		b->waiting_len++;
		give_turn(p, b);
	}
	p->unfinished++;
	tell_queued(p);
}

int
pool_submit(struct pool *p, struct pool_job *job, struct gh_error *err)
{
	bool is_full;

	pthread_mutex_lock(&p->lock);
	is_full =
	    p->stopping || (job->batch != NULL ? job->batch->waiting_len : p->queued) >= p->o.queue;
	if (!is_full)
		enqueue(p, job);
	pthread_mutex_unlock(&p->lock);
	if (is_full)
		return gh_fail(err, GH_E_BUSY, "%d requests are waiting", p->o.queue);
	return 0;
}

int
pool_leave_batch(struct pool *p, struct pool_job *job, struct gh_error *err)
{
	bool is_full;

	pthread_mutex_lock(&p->lock);
	is_full = p->queued >= p->o.queue;
	if (!is_full) {
		job->batch = NULL;
		p->queued++;
	}
	pthread_mutex_unlock(&p->lock);
	if (is_full)
		return gh_fail(err, GH_E_BUSY, "%d requests are waiting", p->o.queue);
	return 0;
}

int
pool_fd(const struct pool *p)
{
	return p->event;
}

struct pool_job *
pool_finished(struct pool *p)
{
	struct pool_job *jobs;
	eventfd_t count;

	/* EAGAIN: an earlier call took the jobs already */
	(void)!eventfd_read(p->event, &count);
	pthread_mutex_lock(&p->lock);
	jobs = p->done;
	p->done = NULL;
	p->done_end = &p->done;
	for (struct pool_job *j = jobs; j != NULL; j = j->next)
		p->unfinished--;
	pthread_mutex_unlock(&p->lock);
	return jobs;
}

int
pool_unfinished(struct pool *p)
{
	int n;

	pthread_mutex_lock(&p->lock);
	n = p->unfinished;
	pthread_mutex_unlock(&p->lock);
	return n;
}

bool
pool_stop(struct pool *p, int timeout_ms)
{
	struct timespec until;
	bool all_ended;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->work);
	for (size_t i = 0; i < p->o.batches_len; i++)
		pthread_cond_broadcast(&p->o.batches[i].work);
	while (p->running > 0 && pthread_cond_timedwait(&p->ended, &p->lock, &until) != ETIMEDOUT)
		;
	all_ended = p->running == 0;
	pthread_mutex_unlock(&p->lock);
	if (!all_ended)
		return false;
	for (int i = 0; i < p->started; i++)
		pthread_join(p->thread[i].id, NULL);
	pool_free(p);
	return true;
}
