/* Job requests: officers are reminded of what waits, and what nobody decides ends.
 * docs/approval.md */
#include <inttypes.h>
#include <stdio.h>

#include "store/request/request_expiry.h"

#include "job.h"

/* All pages. */
static int
expire(struct job_env *env, long long *total, struct gh_error *err)
{
	int days = env->conf->jobs.request_expiry_days, n = days > 0, rc = 0;

	while (rc == 0 && n > 0) {
		rc = store_expire_requests(env->store, &env->who, days, &n, err);
		*total += n;
		if (rc == 0 && n > 0 && job_is_stopping(env))
			rc = gh_fail(err, GH_E_BUSY,
			    "stopped after %lld requests; the rest is for the next run", *total);
	}
	return rc;
}

static int
remind(struct job_env *env, long long *total, struct gh_error *err)
{
	int days = env->conf->jobs.request_reminder_days, n = days > 0, rc = 0;

	while (rc == 0 && n > 0) {
		rc = store_remind_requests(env->store, days, &n, err);
		*total += n;
		if (rc == 0 && n > 0 && job_is_stopping(env))
			rc = gh_fail(err, GH_E_BUSY,
			    "stopped after %lld reminders; the rest is for the next run", *total);
	}
	return rc;
}

/* What expires now is not reminded of. */
int
request_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	long long expired = 0, reminded = 0;
	int rc = expire(env, &expired, err);

	if (rc == 0)
		rc = remind(env, &reminded, err);
	if (rc == 0)
		rc = store_forget_attempts(env->store, err);
	snprintf(detail, size, "%lld requests have expired, reminders of %lld", expired, reminded);
	return rc;
}

int
request_job_plan(struct job_env *env, struct gh_error *err)
{
	int64_t expired, reminded;
	int rc = store_count_waiting(env->store, env->conf->jobs.request_expiry_days,
	    env->conf->jobs.request_reminder_days, &expired, &reminded, err);

	if (rc == 0 && expired > 0)
		job_progress(env, "would end %" PRId64 " requests that nobody has decided",
		    expired);
	if (rc == 0 && reminded > expired)
		job_progress(env, "would remind officers of %" PRId64 " requests",
		    reminded - expired);
	return rc;
}
