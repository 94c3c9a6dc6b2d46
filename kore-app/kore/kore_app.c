/*
 * gatehouse.so: the hooks that Kore calls. The parent reads the configuration and maps what the
 * workers share; each worker starts its threads, its TLS and its timers.
 */
#include <kore/kore.h>

#include <linux/capability.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "authority/revoke.h"
#include "exec_memory.h"
#include "log.h"
#include "log_queue.h"
#include "measure.h"
#include "timestamp.h"

#include "exchange/exchange_pool.h"
#include "exchange/exchange_serve.h"

#include "kore_app.h"
#include "public/ocsp_http.h"

#define FIRST_CATALOG_MS \
	2000           /* longest time that a worker waits for the database before it listens */
#define REFRESH_MS 250 /* how soon a new certificate is noticed */
#define DRAIN_MS 5000  /* how long requests at work may take when the worker ends */
#define DRAIN_STEP_MS 50
#define THREADS_END_MS 1000
#define LOAD_MS 1000    /* a worker waits so long for the configuration before it serves */
#define JOB_END_MS 1000 /* for a background job to stop, when the requests have ended */

static struct kore_event pool_event;

void kore_parent_configure(int argc, char **argv);
void kore_worker_configure(void);
void kore_worker_teardown(void);

/* ---- parent ---- */

static int
configure(struct gh_error *err)
{
	const char *path = getenv("GATEHOUSE_CONF"), *fd = getenv(TLS_PAIR_FD_ENV);
	enum gh_log_level level = GH_LOG_INFO;
	int rc;

	if (path == NULL || fd == NULL)
		return gh_fail(err, GH_E_CONF, "start this module with `gatehouse run`");
	rc = gh_conf_load(path, &app_state.conf, err);
	if (rc == 0)
		rc = gh_conf_read_key(app_state.conf->gateway.secret_file, app_state.server_secret,
		    err);
	if (rc == 0)
		rc = tls_view_new(atoi(fd), &app_state.tls, err);
	if (rc == 0)
		rc = metrics_init(worker_count != 0 ? worker_count : cpu_count, route_table_len,
		    route_name, err);
	if (rc == 0)
		rc = auth_limiter_new(app_state.conf->limits.failures,
		    app_state.conf->limits.window, &app_state.limiter, err);
	if (rc == 0 && gh_log_level_parse(app_state.conf->gateway.log_level, &level) == 0)
		gh_log_init("gateway", level, NULL);
	return rc;
}

/* `gatehouse run` may have left the right to bind a low port to a user that is not root. Kore has
 * bound it. */
static int
drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	if (geteuid() == 0)
		return 0;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return -1;
	return (int)syscall(SYS_capset, &head, none);
}

void
kore_parent_configure(int argc, char **argv)
{
	struct gh_error err = {0};

	(void)argc;
	(void)argv;
	/* Kore logs with printf: whole lines, at once, also into a pipe */
	setvbuf(stdout, NULL, _IOLBF, 0);
	gh_log_init("gateway", GH_LOG_INFO, NULL);
	gh_log_start(); /* the workers, too: each with a queue and thread of its own */
	if (drop_capabilities() != 0 || gh_exec_memory_close(&err) != 0 || configure(&err) != 0) {
		gh_log_kv(GH_LOG_ERROR, "cannot start", "cause", err.detail, NULL);
		exit(1);
	}
}

/* ---- worker ---- */

static void
on_refresh(void *arg, u_int64_t now)
{
	(void)arg;
	(void)now;
	app_tls_refresh();
	atomic_store(&app_state.gauges->log_lost, (int64_t)gh_log_lost());
}

static void
on_pool(void *arg, int error)
{
	(void)arg;
	if (error)
		gh_log(GH_LOG_ERROR, "error on the pool's eventfd");
	exchange_pool_take();
}

static int
start_pool(struct gh_error *err)
{
	int rc = exchange_start(err);

	if (rc != 0)
		return rc;
	pool_event.type = KORE_TYPE_CONNECTION; /* Kore looks at it for its own events only */
	pool_event.handle = on_pool;
	kore_platform_event_schedule(pool_fd(app_state.pool), EPOLLIN, 0, &pool_event);
	return 0;
}

/* Kore says nothing of it. */
static void
report_predecessor(void)
{
	char pid[24];
	int64_t before = atomic_load(&app_state.gauges->pid);

	if (before == 0)
		return;
	snprintf(pid, sizeof(pid), "%lld", (long long)before);
	gh_log_kv(GH_LOG_ERROR, "a worker died; this one takes its place", "pid", pid, NULL);
}

/* Connections wait in the kernel meanwhile, so that a client of a fresh worker is not told that it
 * is starting. Without a database it serves what needs none. */
static void
wait_for_configuration(void)
{
	const struct timespec step = {.tv_nsec = 10 * 1000000L};
	struct catalog *c = NULL;

	for (int ms = 0; ms < LOAD_MS && (c = catalog_watch_get(app_state.catalog)) == NULL;
	     ms += 10)
		nanosleep(&step, NULL);
	catalog_free(c);
}

static void
take_gauges(void)
{
	app_state.gauges = metrics_worker(worker->id - 1);
	report_predecessor();
	memset(app_state.gauges, 0,
	    sizeof(*app_state.gauges)); /* a killed worker leaves its figures */
	atomic_store(&app_state.gauges->pid, getpid());
	gh_measure_listen(metrics_measure);
}

static int
start_worker(struct gh_error *err)
{
	const struct gh_conf *conf = app_state.conf;
	int rc;

	take_gauges();
	/* before the first thread: it holds for all of them */
	gh_exec_memory_preload();
	rc = gh_exec_memory_forbid(err);
	if (rc == 0)
		rc = app_tls_start(err);
	if (rc == 0)
		rc = dir_shared_new(conf, &app_state.dir, err);
	if (rc == 0)
		rc = catalog_watch_new(conf, app_state.server_secret, app_state.gauges,
		    &app_state.catalog, err);
	if (rc == 0)
		rc = health_new(conf, app_state.dir, app_state.catalog, &app_state.health, err);
	if (rc == 0)
		rc = ocsp_service_new(conf, ocsp_http_prepare, &app_state.ocsp, err);
	if (rc == 0)
		rc = status_watch_new(conf, app_state.ocsp, app_state.catalog, app_state.gauges,
		    &app_state.status, err);
	if (rc == 0)
		rc = start_pool(err);
	if (rc == 0)
		rc = app_conn_start(err);
	if (rc == 0)
		rc = job_runner_new(conf, app_state.server_secret, app_state.dir, app_state.catalog,
		    JOB_LANE_COMMON, worker->id == 1, &app_state.jobs, err);
	if (rc == 0 && worker->id == 1)
		rc = job_runner_new(conf, app_state.server_secret, app_state.dir, app_state.catalog,
		    JOB_LANE_SLOW, false, &app_state.slow_jobs, err);
	if (rc == 0 && worker->id == 1 && job_has_long(conf))
		rc = job_runner_new(conf, app_state.server_secret, app_state.dir, app_state.catalog,
		    JOB_LANE_LONG, false, &app_state.long_jobs, err);
	if (rc == 0 && worker->id == 1)
		rc = limiter_watch_new(conf, app_state.server_secret, app_state.limiter,
		    &app_state.limits, err);
	if (rc == 0)
		catalog_watch_await(app_state.catalog, FIRST_CATALOG_MS);
	return rc;
}

void
kore_worker_configure(void)
{
	struct gh_error err = {0};

	/* A parent that is killed can not tell its workers. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || start_worker(&err) != 0) {
		gh_log_kv(GH_LOG_ERROR, "a worker cannot start", "cause", err.detail, NULL);
		kore_shutdown(); /* all of it: Kore would fork such a worker again and again */
		exit(0);
	}
	wait_for_configuration();
	app_tls_refresh();
	health_publish(app_state.health);
	kore_timer_add(on_refresh, REFRESH_MS, NULL, 0);
}

/* Let requests that are at work finish, and send what is ready: the event loop goes on for that,
 * without new connections. Bounded. False: some thread hangs. */
static bool
drain(void)
{
	int64_t until = gh_now_us() + (int64_t)DRAIN_MS * 1000;
	bool all_ended;

	app_conn_drain();
	while ((pool_unfinished(app_state.pool) > 0 || app_conn_is_busy()) && gh_now_us() < until)
		kore_platform_event_wait(DRAIN_STEP_MS);
	kore_platform_disable_read(pool_fd(app_state.pool));
	all_ended = pool_stop(app_state.pool, THREADS_END_MS);
	app_state.pool = NULL;
	return all_ended;
}

/* Kore's own clean-up would free what our threads still use, and waiting for those that only watch
 * is waiting for nothing: answer what is at work, send what is ready, and go. */
void
kore_worker_teardown(void)
{
	job_runner_stop(app_state.jobs);
	job_runner_stop(app_state.slow_jobs);
	job_runner_stop(app_state.long_jobs);
	if (app_state.pool != NULL && !drain())
		gh_log(GH_LOG_WARN, "ending with a request still at work");
	if (!job_runner_join(app_state.jobs, JOB_END_MS) ||
	    !job_runner_join(app_state.slow_jobs, JOB_END_MS) ||
	    !job_runner_join(app_state.long_jobs, JOB_END_MS))
		gh_log(GH_LOG_WARN, "ending with a background job still at work");
	kore_shutdown();
	(void)!gh_log_flush(GH_LOG_END_MS);
	_exit(0);
}
