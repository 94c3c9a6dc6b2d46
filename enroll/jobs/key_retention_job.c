/* Job key-retention: archived keys whose time is over are destroyed. docs/kra.md */
#include <stdio.h>

#include "kra/key_retention.h"

#include "job.h"

static struct key_retention
retention_of(struct job_env *env)
{
	const struct gh_conf *conf = env->conf;

	return (struct key_retention){.store = env->store,
	    .who = &env->who,
	    .rules = {.certificate_days = conf->kra.retention_days,
		.inactive_days = conf->kra.inactive_days,
		.repeat = conf->kra.repeat},
	    .progress = job_progress_of(env)};
}

int
key_retention_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	const struct key_retention r = retention_of(env);
	struct key_retention_result done;
	int rc = key_retention_run(&r, false, &done, err);

	if (r.rules.certificate_days == 0 && r.rules.inactive_days == 0)
		snprintf(detail, size, "archived keys are kept for ever");
	else
		snprintf(detail, size, "%lld keys destroyed, %lld are asked for",
		    (long long)done.destroyed, (long long)done.asked_for);
	return rc;
}

int
key_retention_job_plan(struct job_env *env, struct gh_error *err)
{
	const struct key_retention r = retention_of(env);
	struct key_retention_result would;
	int rc = key_retention_run(&r, true, &would, err);

	if (would.destroyed > 0)
		job_progress(env, "would destroy %lld archived keys whose time is over",
		    (long long)would.destroyed);
	if (would.asked_for > 0)
		job_progress(env, "would leave %lld, which are asked for",
		    (long long)would.asked_for);
	return rc;
}
