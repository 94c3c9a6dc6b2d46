/* Job notify: messages about what happened are sent. docs/notifications.md */
#include <stdio.h>

#include "notify/deliver.h"
#include "store/status/delivery.h"

#include "job.h"

static struct worker_env
env_of(const struct job_env *env)
{
	return (struct worker_env){
	    .conf = env->conf,
	    .server_secret = env->server_secret,
	    .store = env->store,
	    .dir = env->dir,
	};
}

int
notify_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	const struct gh_progress progress = {.is_stopping = env->is_stopping, .arg = env->arg};
	struct worker_env own = env_of(env);
	struct deliver_counts n;
	int rc = deliver_run(&own, &progress, &n, err);

	snprintf(detail, size, "%d sent, %d to be tried again, %d given up%s%.150s", n.sent,
	    n.later, n.dead, n.trouble[0] != '\0' ? ": " : "", n.trouble);
	return rc;
}

int
notify_job_plan(struct job_env *env, struct gh_error *err)
{
	gh_json *summary;
	int64_t waiting = 0;
	int rc = store_delivery_summary(env->store, &summary, err);

	if (rc != 0)
		return rc;
	if (gh_json_int(gh_json_get(summary, "waiting"), &waiting) && waiting > 0)
		job_progress(env, "would send what is due of %lld messages that wait",
		    (long long)waiting);
	gh_json_free(summary);
	return 0;
}
