/* Jobs over certificates that end: notices before, removal after. docs/jobs.md */
#include <stdio.h>

#include "store/status/housekeeping.h"

#include "job.h"

int
expiry_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	struct store_expiry walk = {.seen = 1};
	int days[GH_CONF_DAYS_MAX], n = gh_conf_days(env->conf->jobs.expiry_days, days), rc = 0;
	long long seen = 0, noted = 0;

	if (n < 0)
		return gh_fail(err, GH_E_CONF, "jobs.expiry_days");
	while (rc == 0 && n > 0 && walk.seen > 0) {
		rc = store_note_expiry(env->store, days, n, &walk, err);
		seen += rc == 0 ? walk.seen : 0;
		noted += rc == 0 ? walk.noted : 0;
		job_progress(env, "%lld certificates, %lld new notices", seen, noted);
		if (rc == 0 && walk.seen > 0 && job_is_stopping(env))
			rc = gh_fail(err, GH_E_BUSY,
			    "stopped after %lld certificates; the rest is for the next run", seen);
	}
	snprintf(detail, size, "%lld certificates end soon, %lld new notices", seen, noted);
	return rc;
}

int
retention_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	long long total = 0;
	int removed = 1, rc = 0;

	if (env->conf->jobs.retention_days == 0) {
		snprintf(detail, size, "certificates are kept for ever");
		return 0;
	}
	while (rc == 0 && removed > 0) {
		rc = store_remove_ended(env->store, &env->who, env->conf->jobs.retention_days,
		    &removed, err);
		total += removed;
		job_progress(env, "%lld certificates removed", total);
		if (rc == 0 && removed > 0 && job_is_stopping(env))
			rc = gh_fail(err, GH_E_BUSY,
			    "stopped after %lld certificates; the rest is for the next run", total);
	}
	snprintf(detail, size, "%lld certificates removed", total);
	return rc;
}

/* --- what a run would do ---------------------------------------------------------------------- */

int
expiry_job_plan(struct job_env *env, struct gh_error *err)
{
	int days[GH_CONF_DAYS_MAX], n = gh_conf_days(env->conf->jobs.expiry_days, days), rc;
	int64_t count;

	if (n < 0)
		return gh_fail(err, GH_E_CONF, "jobs.expiry_days");
	if (n == 0)
		return 0;
	rc = store_count_expiry(env->store, days, n, &count, err);
	if (rc == 0 && count > 0)
		job_progress(env, "would note %lld certificates that end soon", (long long)count);
	return rc;
}

int
retention_job_plan(struct job_env *env, struct gh_error *err)
{
	int64_t count;
	int rc;

	if (env->conf->jobs.retention_days == 0)
		return 0;
	rc = store_count_ended(env->store, env->conf->jobs.retention_days, &count, err);
	if (rc == 0 && count > 0)
		job_progress(env, "would remove %lld certificates that ended more than %d days ago",
		    (long long)count, env->conf->jobs.retention_days);
	return rc;
}
