/*
 * A bounded pool of threads for everything that blocks. (Kore's own task threads lose wake-ups
 * under load and queue behind a slow thread; see docs.) One queue for all threads, one list of
 * finished jobs, and an eventfd that becomes readable when that list has something. No Kore type
 * here.
 *
 * A job belongs to the submitter until pool_submit returns 0, then to the pool, and again to
 * whoever gets it from pool_finished.
 */
#ifndef POOL_H
#define POOL_H

#include <stdbool.h>

#include "error.h"
#include "metrics.h"

struct pool;

struct pool_job {
	struct pool_job *next; /* the pool's */
	/* On a pool thread; state is what thread_start returned for it. */
	void (*run)(struct pool_job *job, void *state);
};

struct pool_options {
	int threads;
	int queue;                        /* jobs that may wait */
	void *(*thread_start)(void *arg); /* state of a thread; may be NULL: no state */
	void (*thread_end)(void *state);  /* may be NULL */
	void *arg;
	struct metrics_worker *gauges; /* queued and busy are kept up to date here; not NULL */
};

/* Starts the threads. GH_E_NOMEM, GH_E_INTERNAL. */
int pool_new(const struct pool_options *o, struct pool **out, struct gh_error *err) GH_MUSTCHECK;
/* GH_E_BUSY at once when the queue is full or the pool is stopping. */
int pool_submit(struct pool *p, struct pool_job *job, struct gh_error *err) GH_MUSTCHECK;
/* Readable when pool_finished would return something. */
int pool_fd(const struct pool *p);
/* All finished jobs in the order they finished, linked by next; NULL when there are none. */
struct pool_job *pool_finished(struct pool *p);
/* Jobs submitted and not yet taken by pool_finished. */
int pool_unfinished(struct pool *p);
/*
 * Tell the threads to end after their job and wait up to timeout_ms. True: all ended, and *p is
 * freed. False: some thread is still in a blocking call; nothing is freed and the process has to
 * end without it. Jobs that still wait are not run and not freed.
 */
bool pool_stop(struct pool *p, int timeout_ms);

#endif
