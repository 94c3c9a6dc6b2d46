/* Exchanges on pool threads. See exchange_pool.h. */
#include <stdlib.h>

#include "app_state.h"
#include "exchange_pool.h"

/* ---- on the pool threads ---- */

/* The state of a thread. Alone, a call may wait for the directory; in a batch it may not. */
struct thread_state {
	struct enroll_env env;
	struct dir *dir, *cached_dir;
};

/* Connections are made when they are first needed, so that what is down does not stop the start. */
static int
complete(struct thread_state *t, struct gh_error *err)
{
	struct enroll_env *env = &t->env;
	const struct gh_conf *conf = env->conf;
	int rc = 0;

	if (env->store == NULL) {
		rc =
		    store_new(conf->database.conninfo, conf->database.timeout_ms, &env->store, err);
		if (rc == 0)
			rc = store_use_secret(env->store, env->server_secret, err);
	}
	if (rc == 0 && t->dir == NULL)
		rc = dir_new(app_state.dir, &t->dir, err);
	if (rc == 0 && t->cached_dir == NULL)
		rc = dir_new_cached(app_state.dir, &t->cached_dir, err);
	if (rc == 0 && env->signer == NULL)
		rc = signer_client_new(conf->signer.socket, conf->signer.timeout_ms, &env->signer,
		    err);
	if (rc == 0)
		store_measure(env->store);
	return rc;
}

/* t: as the pool gave it, may be NULL. A success is followed by end_work. */
static int
begin_work(struct thread_state *t, bool may_wait, struct gh_error *err)
{
	int rc = t != NULL ? complete(t, err) : gh_fail(err, GH_E_NOMEM, "state of a pool thread");

	if (rc != 0)
		return rc;
	t->env.dir = may_wait ? t->dir : t->cached_dir;
	t->env.catalog = catalog_watch_get(app_state.catalog);
	return 0;
}

static void
end_work(struct thread_state *t)
{
	catalog_free(t->env.catalog);
	t->env.catalog = NULL;
}

static void *
thread_start(void *arg)
{
	struct thread_state *t = calloc(1, sizeof(*t));

	(void)arg;
	if (t != NULL) {
		t->env.conf = app_state.conf;
		t->env.server_secret = app_state.server_secret;
		t->env.ocsp = app_state.ocsp;
	}
	return t;
}

static void
thread_end(void *state)
{
	struct thread_state *t = state;

	if (t == NULL)
		return;
	store_free(t->env.store);
	dir_free(t->dir);
	dir_free(t->cached_dir);
	signer_client_free(t->env.signer);
	free(t);
}

static void
run_exchange(struct pool_job *job, void *state)
{
	struct exchange *x = (struct exchange *)job;
	struct thread_state *t = state;
	struct gh_error err = {0};

	if (begin_work(t, true, &err) != 0) {
		exchange_refuse(x, &err);
		return;
	}
	route_dispatch(&t->env, app_state.limiter, &x->match, &x->req, &x->rep, &x->trace);
	end_work(t);
}

static void
run_batch(struct pool_job *jobs, size_t n, void *state)
{
	const struct route_batch *batch = ((struct exchange *)jobs)->match.route->batch;
	struct route_item items[ROUTE_BATCH_MAX];
	struct thread_state *t = state;
	struct pool_job *job = jobs;
	struct gh_error err = {0};

	if (begin_work(t, false, &err) != 0) {
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
	route_dispatch_batch(&t->env, app_state.limiter, batch, items, n);
	end_work(t);
	job = jobs;
	for (size_t i = 0; i < n; i++, job = job->next)
		if (items[i].leaves)
			job->batch = NULL;
}

/* ---- on the event loop ---- */

/* One for each row, of which those of a row's batch is used that stand at the first row with it. */
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
	batches = calloc(route_table_len, sizeof(*batches));
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

	for (; job != NULL; job = next) {
		next = job->next;
		when_finished((struct exchange *)job);
	}
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
	    .batches_len = route_table_len,
	    .gauges = app_state.gauges,
	};
	int rc = make_batches(err);

	if (rc != 0)
		return rc;
	o.batches = batches;
	o.threads = common_threads();
	when_finished = finished;
	return pool_new(&o, &app_state.pool, err);
}

int
exchange_pool_submit(struct exchange *x, struct gh_error *err)
{
	x->job.run = run_exchange;
	x->job.batch = batch_of(x->match.route);
	return pool_submit(app_state.pool, &x->job, err);
}
