/*
 * gatehouse.so: the hooks that Kore calls. The parent reads the configuration and maps what the workers
 * share; each worker starts its threads, its TLS and its timers.
 */
#include <kore/kore.h>
#include <kore/http.h>

#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "log.h"
#include "log_queue.h"

#include "revoke.h"

#include "kore_app.h"

#define REFRESH_MS 250           /* how soon a new certificate is noticed */
#define CONNECTIONS_MS 100
#define JOB_END_MS 1000          /* for a background job to stop, when the requests have ended */

struct app_state app_state;

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
		rc = gh_conf_read_key(app_state.conf->gateway.secret_file, app_state.server_secret, err);
	if (rc == 0)
		rc = tls_view_new(atoi(fd), &app_state.tls, err);
	if (rc == 0)
		rc = metrics_init(worker_count != 0 ? worker_count : cpu_count, err);
	if (rc == 0)
		rc = auth_limiter_new(app_state.conf->limits.failures, app_state.conf->limits.window,
		    &app_state.limiter, err);
	if (rc == 0 && gh_log_level_parse(app_state.conf->gateway.log_level, &level) == 0)
		gh_log_init("gateway", level, NULL);
	return rc;
}

/* `gatehouse run` may have left the right to bind a low port to a user that is not root. Kore has bound it. */
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
	gh_log_start();          /* the workers, too: each with a queue and thread of its own */
	if (drop_capabilities() != 0 || configure(&err) != 0) {
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

/*
 * Bytes behind a body that arrive together with its header make Kore's count of what is missing wrap around: it
 * would go on receiving without any limit.
 */
static bool
is_over_length(const struct connection *c)
{
	const struct http_request *r = TAILQ_FIRST(&c->http_requests);

	return r != NULL && (r->flags & HTTP_REQUEST_EXPECT_BODY) && r->http_body != NULL &&
	    r->http_body->offset > r->http_body_length;
}

/* Has served a request and has received nothing of the next one. */
static bool
is_idle(const struct connection *c)
{
	return (c->flags & APP_CONNECTION_IS_KEPT) && TAILQ_EMPTY(&c->http_requests) && c->rnb != NULL &&
	    c->rnb->s_off == 0;
}

/*
 * Kore's limits, corrected where they do harm:
 * - a handshake may go on for ever, one byte at a time: it gets the time of a request;
 * - a body may be longer than it says;
 * - a kept-alive connection on which nothing has arrived is sent 408 when the header timeout has passed: its
 *   clock is held, so that the idle timer closes it silently.
 */
static void
on_connections(void *arg, u_int64_t now)
{
	struct connection *c, *next;
	u_int64_t limit = (u_int64_t)app_state.conf->gateway.request_timeout * 1000;

	(void)arg;
	for (c = TAILQ_FIRST(&connections); c != NULL; c = next) {
		next = TAILQ_NEXT(c, list);
		if (c->state == CONN_STATE_TLS_SHAKE) {
			if (now > c->http_start + limit)
				kore_connection_disconnect(c);
			continue;
		}
		if (c->state != CONN_STATE_ESTABLISHED || c->proto != CONN_PROTO_HTTP)
			continue;
		if (is_over_length(c))
			kore_connection_disconnect(c);
		else if (is_idle(c))
			c->http_start = now;
	}
}

static void
on_decided(const char *template_name, enum db_disposition disposition)
{
	if (disposition == DB_DISP_ISSUED)
		metrics_issued(template_name);
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

static int
start_worker(struct gh_error *err)
{
	const struct gh_conf *conf = app_state.conf;
	int rc;

	app_state.gauges = metrics_worker(worker->id - 1);
	report_predecessor();
	memset(app_state.gauges, 0, sizeof(*app_state.gauges)); /* a killed worker leaves its figures */
	atomic_store(&app_state.gauges->pid, getpid());
	signer_client_on_call(metrics_signer);
	enroll_on_decided(on_decided);
	ocsp_on_event(metrics_ocsp);
	revoke_on_change(metrics_revoked);
	rc = app_tls_start(err);
	if (rc == 0)
		rc = dir_shared_new(conf, &app_state.dir, err);
	if (rc == 0)
		rc = catalog_watch_new(conf, app_state.server_secret, app_state.gauges, &app_state.catalog, err);
	if (rc == 0)
		rc = health_new(conf, app_state.dir, app_state.catalog, &app_state.health, err);
	if (rc == 0)
		rc = ocsp_service_new(conf, &app_state.ocsp, err);
	if (rc == 0)
		rc = status_watch_new(conf, app_state.ocsp, app_state.catalog, app_state.gauges, &app_state.status, err);
	if (rc == 0)
		rc = app_pool_start(err);
	if (rc == 0)
		rc = job_runner_new(conf, app_state.server_secret, app_state.dir, app_state.catalog,
		    worker->id == 1, &app_state.jobs, err);
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
	dir_on_operation(app_state.dir, metrics_directory);
	health_publish(app_state.health);
	kore_timer_add(on_refresh, REFRESH_MS, NULL, 0);
	kore_timer_add(on_connections, CONNECTIONS_MS, NULL, 0);
}

/* Kore's own clean-up would free what our threads still use, and waiting for those that only watch is waiting for
 * nothing: answer what is at work, send what is ready, and go. */
void
kore_worker_teardown(void)
{
	job_runner_stop(app_state.jobs);
	if (app_state.pool != NULL && !app_pool_stop())
		gh_log(GH_LOG_WARN, "ending with a request still at work");
	if (!job_runner_join(app_state.jobs, JOB_END_MS))
		gh_log(GH_LOG_WARN, "ending with a background job still at work");
	kore_connection_prune(KORE_CONNECTION_PRUNE_ALL);
	kore_shutdown();
	(void)!gh_log_flush(GH_LOG_END_MS);
	_exit(0);
}
