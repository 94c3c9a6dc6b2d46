/* Job key-requests: requests for keys whose time is over, and keys that were kept for a repeated
 * call. docs/kra.md */
#include <stdio.h>

#include "store/key/generated_key.h"
#include "store/key/key_request.h"

#include "job.h"

int
key_request_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	long long total = 0;
	int64_t forgotten = 0;
	int n = 1, rc = 0;

	while (rc == 0 && n > 0) {
		rc = store_expire_key_requests(env->store, &env->who, &n, err);
		total += n;
		if (rc == 0 && n > 0 && job_is_stopping(env))
			rc = gh_fail(err, GH_E_BUSY,
			    "stopped after %lld requests; the rest is for the next run", total);
	}
	if (rc == 0)
		rc = store_forget_kept_keys(env->store, &forgotten, err);
	snprintf(detail, size, "%lld requests for keys have expired, %lld keys are kept no more",
	    total, (long long)forgotten);
	return rc;
}

int
key_request_job_plan(struct job_env *env, struct gh_error *err)
{
	int64_t count;
	int rc = store_count_expired_key_requests(env->store, &count, err);

	if (rc == 0 && count > 0)
		job_progress(env, "would end %lld requests for keys, which have expired",
		    (long long)count);
	return rc;
}
