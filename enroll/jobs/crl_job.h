/* The job that keeps CRLs up to date, and what `gatehouse crl issue` does. */
#ifndef ENROLL_CRL_JOB_H
#define ENROLL_CRL_JOB_H

#include "crl/crl_issue_all.h"

#include "job.h"

/* crl_issue_all with what a job has. */
int crl_job_issue(struct job_env *env, const struct ca *ca, const struct crl_wish *wish, int *made,
    struct gh_error *err) GH_MUSTCHECK;

/* Put what is newest into the directory where that is configured and not done yet. *published: how
 * many. A failure is audited ("crl.publish-failed", once an hour) and tried again by the next run.
 */
int crl_job_publish(struct job_env *env, const struct ca *ca, int *published,
    struct gh_error *err) GH_MUSTCHECK;

/* Everything that is due, of all CAs: a failure of one (its key is locked) holds up no other.
 * Publishing comes after all issuing. Fails when anything failed; the first reason is in *err. */
int crl_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err) GH_MUSTCHECK;

/* What a run would make and publish now. */
int crl_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;

#endif
