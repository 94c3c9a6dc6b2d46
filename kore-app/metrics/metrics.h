/*
 * Counters and histograms in memory that all worker processes share, mapped before they are forked,
 * so that any worker answers /metrics for all. Every update is one atomic addition: a worker that
 * dies in the middle leaves nothing locked. Until metrics_init nothing is counted.
 */
#ifndef METRICS_H
#define METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "measure.h"

#define METRICS_NO_ROUTE SIZE_MAX

/* What one worker process is doing now; written by that worker alone. */
struct metrics_worker {
	atomic_int queued, queue_max;
	atomic_int busy, threads;
	_Atomic int64_t catalog_generation;
	atomic_int catalog_refused;               /* 1: what the database has now is not used */
	_Atomic int64_t ocsp_entries, ocsp_bytes; /* of cached answers */
	_Atomic int64_t log_lost;                 /* lines that were dropped since its start */
	_Atomic int64_t pid;                      /* 0: slot not in use */
};

/* Map the memory, as much as workers and routes need; before the workers are forked. route_name(i):
 * label of row i of the route table. GH_E_NOMEM. */
int metrics_init(int workers, size_t routes, const char *(*route_name)(size_t),
    struct gh_error *err) GH_MUSTCHECK;
/* The gauges of a worker, 0-based; never NULL, also before metrics_init (then a private slot). */
struct metrics_worker *metrics_worker(int index);

/* route: index in the route table, or METRICS_NO_ROUTE. */
void metrics_request(size_t route, int status, int64_t us);
/* For gh_measure_listen. */
void metrics_measure(enum gh_measure m, int kind, int64_t value, const char *name);
void metrics_clock(int64_t skew_ms); /* of this node, less the database's clock */

/* Text of further metrics, read by one worker for all of its node (state_gauges.h). claim: true for
 * the first caller after `seconds`; now: UTC seconds. publish: what metrics_render gives from then
 * on; cut off never, dropped when METRICS_STATE_MAX bytes do not hold it. */
#define METRICS_STATE_MAX (256 * 1024)
bool metrics_state_claim(int64_t now, int seconds);
void metrics_state_publish(const char *text);

/* Prometheus text format 0.0.4. malloc'd; NULL when out of memory. */
char *metrics_render(void);

#endif
