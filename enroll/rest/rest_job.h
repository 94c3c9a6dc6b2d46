/* Background jobs over REST (docs/jobs.md): what `gatehouse job` does, by the same code. */
#ifndef ENROLL_REST_JOB_H
#define ENROLL_REST_JOB_H

#include "call.h"

/* GET /pki/jobs */
void rest_jobs(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* POST /pki/jobs/{name}/run: a gateway begins within about a second; 202. Of a job of each node,
 * the run of this one. */
void rest_job_run(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* The same for a job that a route of its own asks for. */
void rest_job_want(struct worker_env *env, const struct call *call, const char *name,
    struct gh_http_reply *rep);

#endif
