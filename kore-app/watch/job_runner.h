/*
 * The thread of a worker that looks once a second whether a background job is due, and runs it with
 * its own connections to database, signer and directory. Of all workers of all nodes one runs a job
 * at a time (enroll/jobs/job.h); the others go on with other jobs. A job that fails or hangs holds
 * up neither requests nor other workers. No Kore type here.
 */
#ifndef JOB_RUNNER_H
#define JOB_RUNNER_H

#include <stdbool.h>

#include "catalog_watch.h"
#include "conf.h"
#include "dir.h"
#include "jobs/job.h"

struct job_runner;

/* Starts the thread and does not wait for it. announces: it writes the audit rows of start and end
 * of its node. All that is given must outlive it. */
int job_runner_new(const struct gh_conf *conf, const unsigned char server_secret[32],
    struct dir_shared *dir, struct catalog_watch *catalog, enum job_lane lane, bool announces,
    struct job_runner **out, struct gh_error *err) GH_MUSTCHECK;
/* Tell a running job to stop; returns at once. Accepts NULL. */
void job_runner_stop(struct job_runner *r);
/* Wait for the end, at most timeout_ms. True: ended, and *r is freed. False: it is in a blocking
 * call; nothing is freed, and the process has to end without it: what the job has not committed,
 * the database undoes. */
bool job_runner_join(struct job_runner *r, int timeout_ms);

#endif
