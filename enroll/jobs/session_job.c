/* Job sessions: rows of log-ins of browsers that are over. docs/sessions.md */
#include <stdio.h>

#include "store/session/session_list.h"
#include "timestamp.h"

#include "job.h"

int
session_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	long long total = 0;
	int n = 1, rc = 0;

	while (rc == 0 && n > 0) {
		rc = store_sweep_sessions(env->store, gh_now(), env->conf->pages.session_idle, &n,
		    err);
		total += n;
		if (rc == 0 && n > 0 && job_is_stopping(env))
			rc = gh_fail(err, GH_E_BUSY,
			    "stopped after %lld sessions; the rest is for the next run", total);
	}
	snprintf(detail, size, "%lld sessions removed", total);
	return rc;
}

int
session_job_plan(struct job_env *env, struct gh_error *err)
{
	int64_t count;
	int rc = store_count_ended_sessions(env->store, gh_now(), env->conf->pages.session_idle,
	    &count, err);

	if (rc == 0 && count > 0)
		job_progress(env, "would remove %lld sessions, which are over", (long long)count);
	return rc;
}
