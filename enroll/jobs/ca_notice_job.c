/* Job ca-notices: administrators are told of CAs and CRLs that end. docs/jobs.md */
#include <stdio.h>

#include "store/status/ca_notice.h"

#include "job.h"

/* A CRL is made anew when its interval is over: half of the grace that is left then means that this
 * has failed for a while. */
static int
crl_seconds(const struct gh_conf *conf)
{
	return conf->crl.grace / 2;
}

int
ca_notice_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	int days[GH_CONF_DAYS_MAX], n = gh_conf_days(env->conf->jobs.ca_expiry_days, days), noted,
				    rc;

	if (n < 0)
		return gh_fail(err, GH_E_CONF, "jobs.ca_expiry_days");
	rc = store_note_ca_ends(env->store, days, n, crl_seconds(env->conf), &noted, err);
	if (rc == 0)
		snprintf(detail, size, "%d new notices", noted);
	return rc;
}

int
ca_notice_job_plan(struct job_env *env, struct gh_error *err)
{
	int days[GH_CONF_DAYS_MAX], n = gh_conf_days(env->conf->jobs.ca_expiry_days, days), count,
				    rc;

	if (n < 0)
		return gh_fail(err, GH_E_CONF, "jobs.ca_expiry_days");
	rc = store_count_ca_ends(env->store, days, n, crl_seconds(env->conf), &count, err);
	if (rc == 0 && count > 0)
		job_progress(env, "would tell administrators of %d CAs and CRLs that end", count);
	return rc;
}
