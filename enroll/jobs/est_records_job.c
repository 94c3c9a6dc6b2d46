/* Job est-records: what EST wrote down and nobody needs any more. docs/jobs.md */
#include <stdio.h>

#include "calendar.h"
#include "store/key/key_count.h"
#include "store/package/package_delivery.h"
#include "store/status/delegated_signer.h"

#include "job.h"

#define KEEP_ENDED_SECONDS (7 * GH_DAY_SECONDS)

static const enum store_signer_use uses[] = {STORE_SIGNER_CMC, STORE_SIGNER_KEYS,
    STORE_SIGNER_PACKAGE};
#define USES (sizeof(uses) / sizeof(uses[0]))

int
est_records_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	long long total = 0;
	int n = 1, rc = store_purge_key_counts(env->store, err);

	for (size_t i = 0; rc == 0 && i < USES; i++)
		rc = store_purge_signers(env->store, uses[i], KEEP_ENDED_SECONDS, err);
	while (rc == 0 && n > 0) {
		rc = store_remove_deliveries(env->store, env->conf->jobs.delivery_days, &n, err);
		total += n;
		if (rc == 0 && n > 0 && job_is_stopping(env))
			rc = gh_fail(err, GH_E_BUSY,
			    "stopped after %lld deliveries; the rest is for the next run", total);
	}
	snprintf(detail, size, "%lld deliveries removed", total);
	return rc;
}

int
est_records_job_plan(struct job_env *env, struct gh_error *err)
{
	int64_t signers = 0, deliveries, n;
	int rc =
	    store_count_old_deliveries(env->store, env->conf->jobs.delivery_days, &deliveries, err);

	for (size_t i = 0; rc == 0 && i < USES; i++) {
		rc = store_count_ended_signers(env->store, uses[i], KEEP_ENDED_SECONDS, &n, err);
		signers += n;
	}
	if (rc == 0 && deliveries > 0)
		job_progress(env, "would remove %lld deliveries of packages that are gone",
		    (long long)deliveries);
	if (rc == 0 && signers > 0)
		job_progress(env, "would remove %lld keys of signers that ended",
		    (long long)signers);
	return rc;
}
