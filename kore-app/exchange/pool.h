/*
 * A bounded pool of threads for everything that blocks. (Kore's own task threads lose wake-ups
 * under load and queue behind a slow thread; see docs.) One queue for all threads, one list of
 * finished jobs, and an eventfd that becomes readable when that list has something. No Kore type
 * here.
 *
 * Jobs of some kinds are worth more together than one by one. Such a kind has a list of its own: a
 * thread that becomes free takes all that waits in it, so batches grow with the load, and nobody
 * waits when there are few. The list has its turn in the queue as one job, or threads of its own,
 * for a kind that must not wait until others have waited.
 *
 * A job belongs to the submitter until pool_submit returns 0, then to the pool, and again to
 * whoever gets it from pool_finished.
 */
#ifndef POOL_H
#define POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "metrics/metrics.h"

struct pool;
struct pool_batch;

struct pool_job {
	struct pool_job *next; /* the pool's */
	/* On a pool thread; state is what thread_start returned for it. */
	void (*run)(struct pool_job *job, void *state);
	struct pool_batch *batch; /* one of the pool's: instead of run; NULL: alone */
};

/* A kind of jobs that are taken together. */
struct pool_batch {
	/*
	 * n jobs in the order in which they were submitted, linked by next, which run leaves as it
	 * is. A job for which run called pool_leave_batch is not finished: when the others are, it
	 * goes to the end of the queue and is run alone.
	 */
	void (*run)(struct pool_job *jobs, size_t n, void *state);
	size_t max;  /* jobs in a batch, at least 1 */
	int at_once; /* batches of the kind at work at the same time, at least 1 */
	/* at_once threads beside those of the pool, for this kind alone. */
	bool has_threads;

	/* the pool's, guarded by its lock */
	pthread_cond_t work;  /* of threads of its own: some wait, or stopping */
	struct pool_job turn; /* in the queue for all that wait */
	bool has_turn;
	int at_work;
	struct pool_job *waiting, **waiting_end;
	int waiting_len;
};

struct pool_options {
	int threads;                      /* but for those that kinds have */
	int queue;                        /* jobs that may wait in the queue, and in each list */
	void *(*thread_start)(void *arg); /* state of a thread; may be NULL: no state */
	void (*thread_end)(void *state);  /* may be NULL */
	void *arg;
	struct pool_batch *batches; /* their first part filled in; live as long as the pool */
	size_t batches_len;
	/* Not NULL. Kept up to date here: busy, and queued, the jobs in the queue or in the longest
	 * list, whichever is more. */
	struct metrics_worker *gauges;
};

/* Starts the threads. GH_E_NOMEM, GH_E_INTERNAL. */
int pool_new(const struct pool_options *o, struct pool **out, struct gh_error *err) GH_MUSTCHECK;
/* GH_E_BUSY at once when the queue, or the list of the job's kind, is full or the pool is
 * stopping. */
int pool_submit(struct pool *p, struct pool_job *job, struct gh_error *err) GH_MUSTCHECK;
/* In the run of a batch: this job of it is to be run alone, and has its place in the queue from now
 * on. GH_E_BUSY when there is none: then it is for the caller to finish it. */
int pool_leave_batch(struct pool *p, struct pool_job *job, struct gh_error *err) GH_MUSTCHECK;
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
