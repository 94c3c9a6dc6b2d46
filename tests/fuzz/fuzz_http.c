/*
 * Whole requests, on one connection, cut anywhere: parser, routes, fast paths, batches and handlers
 * together, with every row of the route table. Store, directory and CA are the stand-ins of
 * tests/enroll; the pool runs its jobs when the input says so, and the client may go away before
 * that. Whoever sends "Authorization: Basic" is alice; the cookie of a session is read, and looked
 * up in a database that is down.
 *
 * First byte: bit 0 without TLS, bit 1 jobs run late, bit 2 the client goes away before they run,
 * bit 3 the store fails; second byte: how many bytes come at a time.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log.h"

#include "auth/login_session.h"
#include "exchange/app_state.h"
#include "exchange/exchange_pool.h"
#include "exchange/exchange_serve.h"
#include "public/ocsp_http.h"

#include "enroll/fake.h"
#include "enroll/fake_ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUTPUT_MAX (4 * 1024 * 1024)
#define JOBS_MAX 3 /* the pool's queue: a fourth is refused */

static struct worker_env world; /* of the pool's one thread */
static struct catalog *catalog;
static struct http_conn conn;
static struct pool_job *jobs, *done;
static int waiting;
static char *output;
static size_t output_len;

/* ---- instead of the pool, the catalog's watcher and authentication ---- */

int
pool_new(const struct pool_options *o, struct pool **out, struct gh_error *err)
{
	(void)o;
	(void)err;
	*out = NULL;
	return 0;
}

int
pool_submit(struct pool *p, struct pool_job *job, struct gh_error *err)
{
	struct pool_job **end = &jobs;

	(void)p;
	if (waiting == JOBS_MAX)
		return gh_fail(err, GH_E_BUSY, "full");
	while (*end != NULL)
		end = &(*end)->next;
	job->next = NULL;
	*end = job;
	waiting++;
	return 0;
}

struct pool_job *
pool_finished(struct pool *p)
{
	struct pool_job *job = done;

	(void)p;
	done = NULL;
	if (job != NULL)
		job->next = NULL;
	return job;
}

struct catalog *
catalog_watch_get(struct catalog_watch *w)
{
	(void)w;
	return catalog_ref(catalog);
}

int
auth_check(struct worker_env *env, struct auth_limiter *limiter, unsigned need,
    const struct gh_http_request *http, struct auth_result *out, struct gh_error *err)
{
	const char *user = gh_http_header(http, "authorization");

	memset(out, 0, sizeof(*out));
	if ((need & AUTH_SESSION) != 0 && session_has_cookie(http))
		return session_check(env, limiter, http, out, err);
	if ((need & AUTH_ANYBODY) != 0)
		return 0;
	if (user == NULL || strncmp(user, "Basic", 5) != 0)
		return gh_fail(err, GH_E_AUTH_REQUIRED, "nobody");
	out->requester = fake_requester("alice");
	out->requester.roles =
	    REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR;
	if (need & AUTH_APP)
		out->app = catalog_find_app_id(env->catalog, 7);
	out->entry = fake_entry("alice");
	return 0;
}

static void
run_jobs(void)
{
	struct pool_job *job;

	while ((job = jobs) != NULL) {
		jobs = job->next;
		waiting--;
		job->next = NULL;
		if (job->batch != NULL)
			job->batch->run(job, 1, &world);
		if (job->batch == NULL)
			job->run(job, &world);
		done = job;
		exchange_pool_take();
	}
}

/* ---- transport ---- */

static void
answered(struct http_conn *c)
{
	(void)c;
}

static unsigned char *
client_cert(struct http_conn *c, size_t *len)
{
	(void)c;
	*len = 0;
	return NULL;
}

static void
send_all(void)
{
	const unsigned char *p;
	size_t n;

	while ((p = http_conn_pending(&conn, &n)) != NULL) {
		if (output_len + n > OUTPUT_MAX)
			abort();
		memcpy(output + output_len, p, n);
		output_len += n;
		http_conn_sent(&conn, n);
	}
}

static void
receive_all(const uint8_t *data, size_t size, size_t part, bool is_late)
{
	while (size > 0) {
		size_t n;
		unsigned char *room = http_conn_room(&conn, &n);

		if (room == NULL) { /* a request is at work, or it has ended */
			if (jobs == NULL)
				return;
			run_jobs();
			send_all();
			continue;
		}
		if (n > part)
			n = part;
		if (n > size)
			n = size;
		memcpy(room, data, n);
		data += n;
		size -= n;
		http_conn_received(&conn, n);
		if (!is_late)
			run_jobs();
		send_all();
		http_conn_rest(&conn);
	}
}

/* What was sent is a row of answers, each with all its parts. */
static void
check_output(void)
{
	char *p = output, *end = output + output_len;

	while (p < end) {
		char *head_end = memmem(p, (size_t)(end - p), "\r\n\r\n", 4), *length;

		if (head_end == NULL || strncmp(p, "HTTP/1.1 ", 9) != 0 || p[9] < '1' || p[9] > '5')
			abort();
		*head_end = '\0';
		length = strstr(p, "\r\nContent-Length: ");
		if (strncmp(p + 9, "100", 3) != 0 &&
		    (strstr(p, "\r\nDate: ") == NULL || strstr(p, "\r\nConnection: ") == NULL))
			abort();
		p = head_end + 4;
		if (length == NULL ||
		    memcmp(p, "HTTP/1.1 ", end - p < 9 ? (size_t)(end - p) : 9) == 0)
			continue; /* none, or of a HEAD */
		if (strtoul(length + 18, NULL, 10) > (size_t)(end - p))
			abort();
		p += strtoul(length + 18, NULL, 10);
	}
}

/* ---- one input ---- */

static void
start(void)
{
	static const struct http_transport transport = {.answered = answered,
	    .client_cert = client_cert,
	    .client_chain = client_cert};
	static char prefixes[] = "/pki /a/b", origins[] = "", unknown[] = "unknown",
		    owner[] = "own", none[] = "";
	struct gh_error err;

	fake_world_new(&world);
	catalog = world.catalog;
	world.catalog = NULL;
	fake_conf.gateway.body_max = 262144;
	fake_conf.gateway.queue = JOBS_MAX;
	fake_conf.gateway.queue_timeout = 600;
	fake_conf.gateway.origins = origins;
	fake_conf.certenroll.prefixes = prefixes;
	fake_conf.ocsp.unknown = unknown;
	fake_conf.ocsp.lifetime = 3600;
	fake_conf.ocsp.cache_mb = 1;
	fake_conf.ocsp.signer_days = 30;
	fake_conf.revocation.owner = owner;
	fake_conf.kra.socket = none;
	fake_conf.rest.application = none;
	fake_conf.csr.application = none;
	fake_conf.syslog.host = none;
	fake_conf.scan.targets = none;
	fake_conf.notify.smtp_url = none;
	if (ocsp_service_new(&fake_conf, ocsp_http_prepare, &app_state.ocsp, &err) != 0 ||
	    store_new("host=/nonexistent", 100, &world.store, &err) != 0 ||
	    signer_client_new("/nonexistent", 100, &world.signer, &err) != 0 ||
	    (output = malloc(OUTPUT_MAX)) == NULL)
		abort();
	world.ocsp = app_state.ocsp;
	app_state.conf = &fake_conf;
	app_state.http = (struct http_server){.app = &exchange_app,
	    .transport = &transport,
	    .bodies = {.max = 1 << 20}};
	if (exchange_start(&err) != 0)
		abort();
	gh_log_init("fuzz", GH_LOG_ERROR, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	if (output == NULL)
		start();
	fake_store_reset();
	fake_store.fail = data[0] & 8 ? GH_E_DB_DOWN : 0;
	fake_ocsp.fail_store = fake_store.fail;
	output_len = 0;
	http_conn_init(&conn, &app_state.http, "127.0.0.1", (data[0] & 1) != 0);
	receive_all(data + 2, size - 2, data[1] == 0 ? SIZE_MAX : data[1], (data[0] & 2) != 0);
	if (!(data[0] & 4)) {
		run_jobs();
		send_all();
		check_output();
	}
	http_conn_clear(&conn);
	run_jobs();
	if (app_state.http.bodies.used != 0)
		abort();
	return 0;
}
