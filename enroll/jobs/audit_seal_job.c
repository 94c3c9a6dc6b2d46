/* Job audit-seal: new rows of the audit trail are sealed. docs/audit.md */
#include <stdio.h>

#include "audit/audit_seal.h"
#include "store/audit/audit_seal_row.h"

#include "job.h"

int
audit_seal_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	const struct audit_sealing sealing = {env->store, env->signer, job_progress_of(env)};
	struct audit_sealed done;
	int rc = audit_seal_new_rows(&sealing, &done, err);

	if (done.seals > 0)
		snprintf(detail, size, "%lld rows in %d seals, the last is %lld",
		    (long long)done.rows, done.seals, (long long)done.last_id);
	else
		snprintf(detail, size, "nothing new");
	return rc;
}

int
audit_seal_job_plan(struct job_env *env, struct gh_error *err)
{
	int64_t count;
	int rc = store_audit_count_unsealed(env->store, &count, err);

	if (rc == 0 && count > 0)
		job_progress(env, "would seal %lld rows", (long long)count);
	return rc;
}
