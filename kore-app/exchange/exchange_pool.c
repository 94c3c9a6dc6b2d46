/* Exchanges on pool threads. See exchange_pool.h. */
#include <stdio.h>
#include <stdlib.h>

#include "app_state.h"
#include "env.h"
#include "exchange_pool.h"
#include "log.h"

#define PAGE_BYTES_MAX (64 * 1024 * 1024) /* of a body that is sent page by page */

/* ---- on the pool threads ---- */

/* env: as the pool gave it, may be NULL. Alone, a call may wait for the directory; in a batch it
 * may not. Connections are made when they are first needed, so that what is down does not stop the
 * start. A success is followed by end_work. */
static int
begin_work(struct worker_env *env, bool may_wait, struct gh_error *err)
{
	int rc = env != NULL ? env_open(env, ENV_ALL, err)
			     : gh_fail(err, GH_E_NOMEM, "state of a pool thread");

	if (rc != 0)
		return rc;
	store_measure(env->store);
	dir_set_waiting(env->dir, may_wait);
	env->catalog = catalog_watch_get(app_state.catalog);
	return 0;
}

static void
end_work(struct worker_env *env)
{
	catalog_free(env->catalog);
	env->catalog = NULL;
}

static void *
thread_start(void *arg)
{
	struct worker_env *env = calloc(1, sizeof(*env));

	(void)arg;
	if (env != NULL) {
		env->conf = app_state.conf;
		env->server_secret = app_state.server_secret;
		env->ocsp = app_state.ocsp;
		env->dirs = app_state.dir;
	}
	return env;
}

static void
thread_end(void *state)
{
	if (state != NULL)
		env_close(state);
	free(state);
}

static void
run_exchange(struct pool_job *job, void *state)
{
	struct exchange *x = (struct exchange *)job;
	struct worker_env *env = state;
	struct gh_error err = {0};

	if (begin_work(env, true, &err) != 0) {
		exchange_refuse(x, &err);
		return;
	}
	route_dispatch(env, app_state.limiter, &x->match, &x->req, &x->rep, &x->trace);
	end_work(env);
}

/* What is slow waits in the queue, as far as there is room; what is fast is not refused for it. */
static void
leave_batch(struct pool_job *job)
{
	struct gh_error err;

	if (pool_leave_batch(app_state.pool, job, &err) != 0)
		exchange_refuse((struct exchange *)job, &err);
}

static void
run_batch(struct pool_job *jobs, size_t n, void *state)
{
	const struct route_batch *batch = ((struct exchange *)jobs)->match.route->batch;
	struct route_item items[ROUTE_BATCH_MAX];
	struct worker_env *env = state;
	struct pool_job *job = jobs;
	struct gh_error err = {0};

	if (begin_work(env, false, &err) != 0) {
		for (; job != NULL; job = job->next)
			exchange_refuse((struct exchange *)job, &err);
		return;
	}
	for (size_t i = 0; i < n; i++, job = job->next) {
		struct exchange *x = (struct exchange *)job;

		items[i] = (struct route_item){.match = &x->match,
		    .req = &x->req,
		    .rep = &x->rep,
		    .trace = &x->trace};
	}
	route_dispatch_batch(env, app_state.limiter, batch, items, n);
	end_work(env);
	job = jobs;
	for (size_t i = 0; i < n; i++, job = job->next)
		if (items[i].leaves)
			leave_batch(job);
}

static void
make_page(struct exchange *x, struct worker_env *env, struct gh_error *err)
{
	x->page.rc = begin_work(env, true, err);
	if (x->page.rc != 0)
		return;
	store_unless(env->store, &x->is_unwanted);
	gh_log_context(x->req.request_id, x->trace.requester);
	x->page.rc = x->rep.feed->next(x->rep.feed, env, &x->page.bytes, &x->page.is_end, err);
	if (x->page.rc == 0)
		x->page.rc = gh_buf_check(&x->page.bytes, err);
	gh_log_context(NULL, NULL);
	store_unless(env->store, NULL);
	end_work(env);
}

/* Each alone: a batch is only what bounds how many are at work. */
static void
run_pages(struct pool_job *jobs, size_t n, void *state)
{
	struct pool_job *job = jobs;

	for (size_t i = 0; i < n; i++, job = job->next) {
		struct exchange *x = (struct exchange *)job;
		struct gh_error err = {0};

		gh_buf_init(&x->page.bytes, PAGE_BYTES_MAX);
		x->page.is_end = false;
		make_page(x, state, &err);
		if (x->page.rc == 0)
			continue;
		x->trace.code = gh_error_info(err.code)->name;
		snprintf(x->trace.cause, sizeof(x->trace.cause), "%s", err.detail);
	}
}

/* ---- on the event loop ---- */

/* One for each row, of which those of a row's batch is used that stand at the first row with it;
 * and one for pages. */
static struct pool_batch *batches;
static void (*when_finished)(struct exchange *x);

static struct pool_batch *
batch_of(const struct route *r)
{
	size_t i = 0;

	if (r->batch == NULL)
		return NULL;
	while (route_table[i].batch != r->batch)
		i++;
	return &batches[i];
}

static int
make_batches(struct gh_error *err)
{
	batches = calloc(route_table_len + 1, sizeof(*batches));
	if (batches == NULL)
		return gh_fail(err, GH_E_NOMEM, "thread pool");
	for (size_t i = 0; i < route_table_len; i++) {
		const struct route_batch *b = route_table[i].batch;

		if (b != NULL && batch_of(&route_table[i]) == &batches[i])
			batches[i] = (struct pool_batch){.run = run_batch,
			    .max = b->max,
			    .at_once = b->at_once,
			    .has_threads = b->has_threads};
	}
	return 0;
}

void
exchange_pool_take(void)
{
	struct pool_job *job = pool_finished(app_state.pool), *next;

	gh_log_hold();
	for (; job != NULL; job = next) {
		next = job->next;
		((struct exchange *)job)->is_pooled = false;
		when_finished((struct exchange *)job);
	}
	gh_log_release();
}

/* gateway.threads are all of them, as they are connections to PostgreSQL, too; at least one waits
 * for what is slow. */
static int
common_threads(void)
{
	int n = app_state.conf->gateway.threads;

	for (size_t i = 0; i < route_table_len; i++)
		n -= batches[i].has_threads ? batches[i].at_once : 0;
	return n > 0 ? n : 1;
}

int
exchange_pool_start(void (*finished)(struct exchange *x), struct gh_error *err)
{
	struct pool_options o = {
	    .queue = app_state.conf->gateway.queue,
	    .thread_start = thread_start,
	    .thread_end = thread_end,
	    .batches_len = route_table_len + 1,
	    .gauges = app_state.gauges,
	};
	int rc = make_batches(err);

	if (rc != 0)
		return rc;
	o.batches = batches;
	o.threads = common_threads();
	batches[route_table_len] = (struct pool_batch){.run = run_pages,
	    .max = 1,
	    .at_once = o.threads > 1 ? o.threads / 2 : 1};
	when_finished = finished;
	return pool_new(&o, &app_state.pool, err);
}

static int
submit(struct exchange *x, struct pool_batch *batch, struct gh_error *err)
{
	int rc;

	x->job.batch = batch;
	x->is_pooled = true;
	rc = pool_submit(app_state.pool, &x->job, err);
	if (rc != 0)
		x->is_pooled = false;
	return rc;
}

int
exchange_pool_submit(struct exchange *x, struct gh_error *err)
{
	x->job.run = run_exchange;
	return submit(x, batch_of(x->match.route), err);
}

int
exchange_pool_submit_page(struct exchange *x, struct gh_error *err)
{
	return submit(x, &batches[route_table_len], err);
}
