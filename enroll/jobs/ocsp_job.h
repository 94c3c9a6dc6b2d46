/* The job that renews the OCSP signers of all CAs, well before they end. */
#ifndef ENROLL_OCSP_JOB_H
#define ENROLL_OCSP_JOB_H

#include "job.h"

/*
 * Each CA that has a key here and is not retired gets a signer that is valid for longer than a
 * third of ocsp.signer_days, or as long as the CA itself. A failure of one (its key is locked)
 * holds up no other, and is audited
 * ("ocsp.signer-failed", once an hour); the signer before stays in use to its end. Fails when
 * anything failed.
 */
int ocsp_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err) GH_MUSTCHECK;

/* Which CAs would get a new signer now. */
int ocsp_job_plan(struct job_env *env, struct gh_error *err) GH_MUSTCHECK;

#endif
