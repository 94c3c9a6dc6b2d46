/* The jobs there are. */
#include "crl_job.h"
#include "job.h"

const struct job job_table[] = {
	{"crl", "make the CRLs that are due and publish them", offsetof(struct gh_conf, jobs.crl), crl_job_run},
};
const size_t job_table_len = sizeof(job_table) / sizeof(job_table[0]);
