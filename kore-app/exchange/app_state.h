/*
 * What the parts of gatehouse.so share. Kore's parent fills the first part before it forks; each
 * worker fills the second part for itself. No Kore type here: the path from the bytes of a request
 * to its answer runs in a fuzzer, too.
 */
#ifndef APP_STATE_H
#define APP_STATE_H

#include "auth/auth.h"
#include "watch/catalog_watch.h"
#include "conf.h"
#include "dir.h"
#include "routes/health.h"
#include "http/http_conn.h"
#include "watch/job_runner.h"
#include "watch/limiter_watch.h"
#include "metrics/metrics.h"
#include "ocsp/responder.h"
#include "pool.h"
#include "watch/status_watch.h"
#include "http/tls_pair.h"

struct app_state {
	/* set in the parent, read by all threads */
	struct gh_conf *conf;
	unsigned char server_secret[32];
	struct tls_view *tls;

	/* set in the worker; the structs are safe for threads, but for http, which is the event
	 * loop's */
	struct metrics_worker *gauges;
	struct dir_shared *dir;
	struct auth_limiter *limiter;
	struct catalog_watch *catalog;
	struct health *health;
	struct ocsp_service *ocsp;
	struct status_watch *status;
	struct pool *pool;
	struct job_runner *jobs;
	struct job_runner *slow_jobs; /* in the first worker */
	struct job_runner *long_jobs; /* there, too, where a job may last for hours */
	struct limiter_watch *limits; /* in the first worker */
	struct http_server http;
};

extern struct app_state app_state;

#endif
