/* Exchanges on pool threads. See exchange_pool.h. */
#include <stdlib.h>

#include "app_state.h"
#include "exchange_pool.h"

/* ---- on the pool threads ---- */

/* Connections are made when they are first needed, so that what is down does not stop the start. */
static int
complete_env(struct enroll_env *env, struct gh_error *err)
{
	const struct gh_conf *conf = env->conf;
	int rc = 0;

	if (env->store == NULL) {
		rc =
		    store_new(conf->database.conninfo, conf->database.timeout_ms, &env->store, err);
		if (rc == 0)
			rc = store_use_secret(env->store, env->server_secret, err);
	}
	if (rc == 0 && env->dir == NULL)
		rc = dir_new(app_state.dir, &env->dir, err);
	if (rc == 0 && env->signer == NULL)
		rc = signer_client_new(conf->signer.socket, conf->signer.timeout_ms, &env->signer,
		    err);
	if (rc == 0)
		store_on_query(env->store, metrics_database);
	return rc;
}

/* env: as the pool gave it, may be NULL. A success is followed by end_work. */
static int
begin_work(struct enroll_env *env, struct gh_error *err)
{
	int rc = env != NULL ? complete_env(env, err)
			     : gh_fail(err, GH_E_NOMEM, "state of a pool thread");

	if (rc == 0)
		env->catalog = catalog_watch_get(app_state.catalog);
	return rc;
}

static void
end_work(struct enroll_env *env)
{
	catalog_free(env->catalog);
	env->catalog = NULL;
}

static void *
thread_start(void *arg)
{
	struct enroll_env *env = calloc(1, sizeof(*env));

	(void)arg;
	if (env != NULL) {
		env->conf = app_state.conf;
		env->server_secret = app_state.server_secret;
		env->ocsp = app_state.ocsp;
	}
	return env;
}

static void
thread_end(void *state)
{
	struct enroll_env *env = state;

	if (env == NULL)
		return;
	store_free(env->store);
	dir_free(env->dir);
	signer_client_free(env->signer);
	free(env);
}

static void
run_exchange(struct pool_job *job, void *state)
{
	struct exchange *x = (struct exchange *)job;
	struct enroll_env *env = state;
	struct gh_error err = {0};

	if (begin_work(env, &err) != 0) {
		exchange_refuse(x, &err);
		return;
	}
	route_dispatch(env, app_state.limiter, &x->match, &x->req, &x->rep, &x->trace);
	end_work(env);
}

static void
run_batch(struct pool_job *jobs, size_t n, void *state)
{
	const struct route_batch *batch = ((struct exchange *)jobs)->match.route->batch;
	struct route_item items[ROUTE_BATCH_MAX];
	struct pool_job *job = jobs;
	struct gh_error err = {0};

	if (begin_work(state, &err) != 0) {
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
	route_dispatch_batch(state, app_state.limiter, batch, items, n);
	end_work(state);
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

		if (b != NULL)
			batches[i] = (struct pool_batch){.run = run_batch,
			    .max = b->max,
			    .at_once = b->at_once};
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

int
exchange_pool_start(void (*finished)(struct exchange *x), struct gh_error *err)
{
	struct pool_options o = {
	    .threads = app_state.conf->gateway.threads,
	    .queue = app_state.conf->gateway.queue,
	    .thread_start = thread_start,
	    .thread_end = thread_end,
	    .batches_len = route_table_len,
	    .gauges = app_state.gauges,
	};
	int rc = make_batches(err);

	o.batches = batches;
	when_finished = finished;
	return rc == 0 ? pool_new(&o, &app_state.pool, err) : rc;
}

int
exchange_pool_submit(struct exchange *x, struct gh_error *err)
{
	x->job.run = run_exchange;
	x->job.batch = batch_of(x->match.route);
	return pool_submit(app_state.pool, &x->job, err);
}
