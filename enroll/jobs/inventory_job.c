/* Job inventory: what has happened to certificates is added to their counters. docs/inventory.md */
#include <inttypes.h>
#include <stdio.h>

#include "store/inventory/cert_statistics.h"

#include "job.h"

int
inventory_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	int64_t n = 1, total = 0;
	int rc = 0;

	while (rc == 0 && n > 0 && !job_is_stopping(env))
		if ((rc = store_cert_count_changes(env->store, &n, err)) == 0)
			total += n;
	snprintf(detail, size, "%" PRId64 " changes counted", total);
	return rc;
}

int
inventory_job_plan(struct job_env *env, struct gh_error *err)
{
	int64_t n;
	int rc = store_cert_changes(env->store, &n, err);

	if (rc == 0 && n > 0)
		job_progress(env, "would count %" PRId64 " changes", n);
	return rc;
}
