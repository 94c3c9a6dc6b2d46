/* One thread, one look a second; for each lane of jobs such a thread. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "env.h"
#include "jobs/job.h"
#include "log.h"

#include "job_runner.h"
#include "metrics/state_gauges.h"
#include "prober_door.h"

#define LOOK_SECONDS 1
#define LOOK_SECONDS_DOWN 5 /* while the database does not answer */

struct job_runner {
	struct worker_env own; /* the thread's */
	struct job_env env;    /* what a job takes of it */
	struct catalog_watch *catalog;
	bool was_down; /* said so in the log; the thread's */
	enum job_lane lane;
	bool announces, is_announced;
	pthread_t thread;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	bool stopping, ended;
};

static bool
is_stopping(void *arg)
{
	struct job_runner *r = arg;
	bool stopping;

	pthread_mutex_lock(&r->lock);
	stopping = r->stopping;
	pthread_mutex_unlock(&r->lock);
	return stopping;
}

static struct timespec
from_now(int64_t ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* False: the end was asked for. */
static bool
wait_seconds(struct job_runner *r, int seconds)
{
	struct timespec until = from_now((int64_t)seconds * 1000);
	bool stopping;

	pthread_mutex_lock(&r->lock);
	while (!r->stopping && pthread_cond_timedwait(&r->changed, &r->lock, &until) == 0)
		;
	stopping = r->stopping;
	pthread_mutex_unlock(&r->lock);
	return !stopping;
}

/* Connections are made when they are first needed, so that what is down does not stop the start. */
static int
open_env(struct job_runner *r, struct gh_error *err)
{
	int rc = env_open(&r->own, ENV_ALL, err);

	r->env.store = r->own.store;
	r->env.signer = r->own.signer;
	r->env.kra = r->own.kra;
	r->env.dir = r->own.dir;
	return rc;
}

/* The beginning and the end of a gateway are part of the trail. */
static int
announce(struct job_runner *r, const char *event, struct gh_error *err)
{
	const struct gh_conf *conf = r->env.conf;
	char detail[160];
	struct store_audit a = {.event = event,
	    .outcome = "success",
	    .who = &r->env.who,
	    .detail = detail};

	snprintf(detail, sizeof(detail), "version " GATEHOUSE_VERSION ", %s port %d, pid %ld",
	    conf->gateway.listen, conf->gateway.port, (long)getppid());
	return store_audit(r->env.store, &a, err);
}

static int
look(struct job_runner *r, struct gh_error *err)
{
	struct catalog *catalog;
	int ran, rc = open_env(r, err);

	if (rc == 0 && r->announces && !r->is_announced) {
		rc = announce(r, "gateway.started", err);
		r->is_announced = rc == 0;
	}
	if (rc != 0)
		return rc;
	catalog = catalog_watch_get(r->catalog);
	r->env.cas = catalog != NULL ? &catalog->cas : NULL;
	if (r->lane == JOB_LANE_COMMON)
		rc =
		    state_gauges_refresh(r->env.conf, r->env.store, r->env.cas, r->env.signer, err);
	/* another node may */
	if (rc == 0 && catalog != NULL && (rc = clock_check(r->env.conf, err)) == 0)
		rc = job_run_due(&r->env, r->lane, &ran, err);
	r->env.cas = NULL;
	catalog_free(catalog);
	return rc;
}

static void
report(struct job_runner *r, int rc, const struct gh_error *err)
{
	if (rc != 0 && !r->was_down)
		gh_log_kv(GH_LOG_ERROR, "background jobs wait", "cause", err->detail, NULL);
	else if (rc == 0 && r->was_down)
		gh_log(GH_LOG_INFO, "background jobs go on");
	r->was_down = rc != 0;
}

static void *
run(void *arg)
{
	struct job_runner *r = arg;
	int rc = 0;

	while (wait_seconds(r, rc == 0 ? LOOK_SECONDS : LOOK_SECONDS_DOWN)) {
		struct gh_error err = {0};

		rc = look(r, &err);
		report(r, rc, &err);
	}
	if (r->is_announced)
		(void)!announce(r, "gateway.stopped", NULL);
	env_close(&r->own);
	pthread_mutex_lock(&r->lock);
	r->ended = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static void
fill_env(struct job_runner *r, const struct gh_conf *conf, const unsigned char *server_secret)
{
	char host[128] = "localhost";

	if (gethostname(host, sizeof(host) - 1) != 0)
		snprintf(host, sizeof(host), "localhost");
	host[sizeof(host) - 1] = '\0';
	r->env.conf = conf;
	r->env.server_secret = server_secret;
	r->env.who.kind = REQUESTER_COMMAND;
	snprintf(r->env.who.name, sizeof(r->env.who.name), "job@%s", host);
	r->env.is_stopping = is_stopping;
	r->env.arg = r;
	r->env.start_prober = prober_door_send;
}

static int
start_thread(struct job_runner *r)
{
	pthread_condattr_t attr;
	sigset_t all, before;
	int rc;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&r->thread, NULL, run, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

int
job_runner_new(const struct gh_conf *conf, const unsigned char server_secret[32],
    struct dir_shared *dir, struct catalog_watch *catalog, enum job_lane lane, bool announces,
    struct job_runner **out, struct gh_error *err)
{
	struct job_runner *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (r == NULL)
		return gh_fail(err, GH_E_NOMEM, "job runner");
	fill_env(r, conf, server_secret);
	r->own = (struct worker_env){.conf = conf, .server_secret = server_secret, .dirs = dir};
	r->catalog = catalog;
	r->lane = lane;
	r->announces = announces;
	if (start_thread(r) != 0) {
		free(r);
		return gh_fail(err, GH_E_INTERNAL, "cannot start the thread of the jobs");
	}
	*out = r;
	return 0;
}

void
job_runner_stop(struct job_runner *r)
{
	if (r == NULL)
		return;
	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

bool
job_runner_join(struct job_runner *r, int timeout_ms)
{
	struct timespec until = from_now(timeout_ms);
	bool ended;

	if (r == NULL)
		return true;
	pthread_mutex_lock(&r->lock);
	while (!r->ended && pthread_cond_timedwait(&r->changed, &r->lock, &until) == 0)
		;
	ended = r->ended;
	pthread_mutex_unlock(&r->lock);
	if (!ended)
		return false;
	pthread_join(r->thread, NULL);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
	return true;
}
