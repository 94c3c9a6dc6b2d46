/*
 * Keeps the catalog of a worker process up to date: a thread that waits for changes in the database
 * and swaps in a whole new snapshot. The last good one stays in use while the database is down.
 */
#ifndef CATALOG_WATCH_H
#define CATALOG_WATCH_H

#include "catalog/catalog.h"
#include "conf.h"
#include "metrics/metrics.h"

struct catalog_watch;

/* Starts the thread, which ends with the process, and does not wait for it. conf, server_secret and
 * gauges must outlive it; the generation in use is written to gauges->catalog_generation. */
int catalog_watch_new(const struct gh_conf *conf, const unsigned char server_secret[32],
    struct metrics_worker *gauges, struct catalog_watch **out, struct gh_error *err) GH_MUSTCHECK;
/* Wait until the first snapshot is in use, or could not be loaded, at most ms milliseconds: a
 * worker that listens before would answer 503 while everything is well. */
void catalog_watch_await(struct catalog_watch *w, int ms);
/* The snapshot in use, referenced for the caller; NULL before the first one was loaded. */
struct catalog *catalog_watch_get(struct catalog_watch *w);
/* The database has one that was changed past Gatehouse; the snapshot in use is the last good
 * one. */
bool catalog_watch_is_refused(const struct catalog_watch *w);

#endif
