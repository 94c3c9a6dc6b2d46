/* Exchanges on pool threads, each of which has its own connections to database, directory and
 * signer. */
#include <stdlib.h>

#include "app_state.h"
#include "exchange.h"

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

int
exchange_pool_env(struct enroll_env *env, struct gh_error *err)
{
	return env != NULL ? complete_env(env, err)
			   : gh_fail(err, GH_E_NOMEM, "state of a pool thread");
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

	if (exchange_pool_env(env, &err) != 0) {
		exchange_refuse(x, &err);
		return;
	}
	env->catalog = catalog_watch_get(app_state.catalog);
	route_dispatch(env, app_state.limiter, &x->match, &x->req, &x->rep, &x->trace);
	catalog_free(env->catalog);
	env->catalog = NULL;
}

/* ---- on the event loop ---- */

void
exchange_pool_take(void)
{
	struct pool_job *job = pool_finished(app_state.pool), *next;

	for (; job != NULL; job = next) {
		next = job->next;
		if (!ocsp_batch_finished(job))
			exchange_finished((struct exchange *)job);
	}
}

int
exchange_pool_start(struct gh_error *err)
{
	struct pool_options o = {
	    .threads = app_state.conf->gateway.threads,
	    .queue = app_state.conf->gateway.queue,
	    .thread_start = thread_start,
	    .thread_end = thread_end,
	    .gauges = app_state.gauges,
	};

	return pool_new(&o, &app_state.pool, err);
}

int
exchange_submit(struct exchange *x, struct gh_error *err)
{
	x->job.run = run_exchange;
	return pool_submit(app_state.pool, &x->job, err);
}
