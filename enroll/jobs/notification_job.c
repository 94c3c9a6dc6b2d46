/* Job notifications: rows for messages are not kept for ever. docs/jobs.md */
#include <stdio.h>

#include "store/status/notification.h"

#include "job.h"

int
notification_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	long long total = 0;
	int n = 1, rc = 0;

	while (rc == 0 && n > 0) {
		rc = store_remove_notifications(env->store, env->conf->jobs.notification_days, &n,
		    err);
		total += n;
		if (rc == 0 && n > 0 && job_is_stopping(env))
			rc = gh_fail(err, GH_E_BUSY,
			    "stopped after %lld notifications; the rest is for the next run",
			    total);
	}
	snprintf(detail, size, "%lld notifications removed", total);
	return rc;
}

int
notification_job_plan(struct job_env *env, struct gh_error *err)
{
	int days = env->conf->jobs.notification_days;
	int64_t count;
	int rc = store_count_old_notifications(env->store, days, &count, err);

	if (rc == 0 && count > 0)
		job_progress(env, "would remove %lld notifications that are older than %d days",
		    (long long)count, days);
	return rc;
}
