/*
 * What the files of gatehouse.so share. Kore's parent fills the first part before it forks; each worker
 * fills the second part for itself. Event loop thread only, unless said otherwise.
 */
#ifndef KORE_APP_H
#define KORE_APP_H

#include <kore/kore.h>
#include <kore/http.h>

#include "auth.h"
#include "catalog_watch.h"
#include "conf.h"
#include "dir.h"
#include "health.h"
#include "job_runner.h"
#include "metrics.h"
#include "ocsp.h"
#include "pool.h"
#include "routes.h"
#include "status_watch.h"
#include "tls_pair.h"

struct app_state {
	/* set in the parent, read by all threads */
	struct gh_conf *conf;
	unsigned char server_secret[32];
	struct tls_view *tls;

	/* set in the worker; the structs are safe for threads */
	struct metrics_worker *gauges;
	struct dir_shared *dir;
	struct auth_limiter *limiter;
	struct catalog_watch *catalog;
	struct health *health;
	struct ocsp_service *ocsp;
	struct status_watch *status;
	struct pool *pool;
	struct job_runner *jobs;
};

extern struct app_state app_state;

/* Name of the server without TLS in the Kore configuration that `gatehouse run` writes. */
#define APP_PLAIN_SERVER "plain"

/* ---- kore_tls.c ---- */
/* Make this worker speak TLS; call once in the worker, before it accepts. */
int app_tls_start(struct gh_error *err) GH_MUSTCHECK;
/* Take over a new certificate when there is one; called by a timer. */
void app_tls_refresh(void);
/* The verified client certificate of a connection as DER: malloc'd, NULL when there is none. */
unsigned char *app_tls_client_cert(struct connection *c, size_t *len);

/* ---- kore_pool.c ---- */
int app_pool_start(struct gh_error *err) GH_MUSTCHECK;
/* Let running requests finish and answer, then end the threads; bounded. False: some thread hangs. */
bool app_pool_stop(void);

/* One parked request. Made and freed on the event loop; between app_pool_submit and its completion the pool
 * thread owns all but req. */
struct app_call {
	struct pool_job job;             /* first member */
	struct http_request *kore_req;   /* NULL: the client has gone */
	bool is_finished;
	int64_t started_us;
	struct route_match match;
	struct gh_http_request req;
	struct gh_http_reply rep;
	struct route_trace trace;
};
int app_pool_submit(struct app_call *call, struct gh_error *err) GH_MUSTCHECK;
/* On a pool thread: make what its state lacks. state: as the pool gave it, may be NULL. */
int app_pool_env(struct enroll_env *env, struct gh_error *err) GH_MUSTCHECK;

/* ---- kore_batch.c ---- */
/* Is this call one that goes to the pool in batches? */
bool app_batch_fits(const struct app_call *call);
/* Instead of app_pool_submit. */
int app_batch_submit(struct app_call *call, struct gh_error *err) GH_MUSTCHECK;
/* A job has finished: if it is a batch, finish its calls. */
bool app_batch_finished(struct pool_job *job);

/* ---- kore_body.c ---- */
enum app_body { APP_BODY_READY, APP_BODY_WAITING /* the request sleeps until it is there */, APP_BODY_BROKEN };
/* Read the body of a DELETE, for which Kore does not wait. Ready: all there, or not wanted, or not readable (no
 * r->http_body then). */
enum app_body app_body_read(struct http_request *r);
/* ---- kore_fast.c ---- */
/* Answer an OCSP request whose answer lies ready. False: nothing was sent, go the long way. */
bool app_fast_ocsp(struct http_request *kore_req);

/* ---- kore_http.c ---- */
/* A bit of struct connection's flags that Kore does not use: a request has come over it. */
#define APP_CONNECTION_IS_KEPT 0x8000
/* Named in Kore's configuration: the one handler of all paths. */
int app_request(struct http_request *kore_req);
void app_call_free(struct app_call *call);
/* A job has finished: wake its request up, or drop it. */
void app_call_finished(struct app_call *call);

#endif
