/*
 * Two threads that keep a worker's ready OCSP answers true: one listens for changes of status and
 * removes what they concern, one renews what is asked often before it ends. They do not share
 * connections, so that a slow renewal never delays a revocation.
 */
#ifndef STATUS_WATCH_H
#define STATUS_WATCH_H

#include "catalog_watch.h"
#include "conf.h"
#include "metrics/metrics.h"
#include "ocsp/responder.h"

struct status_watch;

/* Starts the threads, which end with the process; all that is given stays the caller's and must
 * outlive them. */
int status_watch_new(const struct gh_conf *conf, struct ocsp_service *ocsp,
    struct catalog_watch *catalog, struct metrics_worker *gauges, struct status_watch **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
