/*
 * The pool as Kore sees it: finished jobs arrive as an event of the loop, and each pool thread has its own
 * connections to database, directory and signer.
 */
#include <kore/kore.h>

#include <poll.h>
#include <sys/epoll.h>

#include "log.h"
#include "timestamp.h"

#include "kore_app.h"

#define DRAIN_MS 5000            /* how long running requests may take when the worker ends */
#define THREADS_END_MS 1000

static struct kore_event pool_event;

/* ---- on the pool threads ---- */

/* Connections are made when they are first needed, so that what is down does not stop the start. */
static int
complete_env(struct enroll_env *env, struct gh_error *err)
{
	const struct gh_conf *conf = env->conf;
	int rc = 0;

	if (env->store == NULL) {
		rc = store_new(conf->database.conninfo, conf->database.timeout_ms, &env->store, err);
		if (rc == 0)
			rc = store_use_secret(env->store, env->server_secret, err);
	}
	if (rc == 0 && env->dir == NULL)
		rc = dir_new(app_state.dir, &env->dir, err);
	if (rc == 0 && env->signer == NULL)
		rc = signer_client_new(conf->signer.socket, conf->signer.timeout_ms, &env->signer, err);
	if (rc == 0)
		store_on_query(env->store, metrics_database);
	return rc;
}

int
app_pool_env(struct enroll_env *env, struct gh_error *err)
{
	return env != NULL ? complete_env(env, err) : gh_fail(err, GH_E_NOMEM, "state of a pool thread");
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
run_call(struct pool_job *job, void *state)
{
	struct app_call *call = (struct app_call *)job;
	struct enroll_env *env = state;
	struct gh_error err = {0};

	if (app_pool_env(env, &err) != 0) {
		route_refuse(app_state.conf, &err, &call->match, &call->req, &call->rep, &call->trace);
		return;
	}
	env->catalog = catalog_watch_get(app_state.catalog);
	route_dispatch(env, app_state.limiter, &call->match, &call->req, &call->rep, &call->trace);
	catalog_free(env->catalog);
	env->catalog = NULL;
}

/* ---- on the event loop ---- */

static void
take_finished(void)
{
	struct pool_job *job = pool_finished(app_state.pool), *next;

	for (; job != NULL; job = next) {
		next = job->next;
		if (!app_batch_finished(job))
			app_call_finished((struct app_call *)job);
	}
}

static void
on_event(void *arg, int error)
{
	(void)arg;
	if (error)
		gh_log(GH_LOG_ERROR, "error on the pool's eventfd");
	take_finished();
}

int
app_pool_start(struct gh_error *err)
{
	struct pool_options o = {
		.threads = app_state.conf->gateway.threads,
		.queue = app_state.conf->gateway.queue,
		.thread_start = thread_start,
		.thread_end = thread_end,
		.gauges = app_state.gauges,
	};
	int rc = pool_new(&o, &app_state.pool, err);

	if (rc != 0)
		return rc;
	pool_event.type = KORE_TYPE_CONNECTION; /* Kore looks at it for its own events only */
	pool_event.handle = on_event;
	kore_platform_event_schedule(pool_fd(app_state.pool), EPOLLIN, 0, &pool_event);
	return 0;
}

int
app_pool_submit(struct app_call *call, struct gh_error *err)
{
	call->job.run = run_call;
	return pool_submit(app_state.pool, &call->job, err);
}

bool
app_pool_stop(void)
{
	int64_t until = gh_now_us() + (int64_t)DRAIN_MS * 1000;
	bool all_ended;

	while (pool_unfinished(app_state.pool) > 0 && gh_now_us() < until) {
		struct pollfd p = {.fd = pool_fd(app_state.pool), .events = POLLIN};

		if (poll(&p, 1, 50) > 0)
			take_finished();
		http_process();
	}
	kore_platform_disable_read(pool_fd(app_state.pool));
	all_ended = pool_stop(app_state.pool, THREADS_END_MS);
	app_state.pool = NULL;
	return all_ended;
}
