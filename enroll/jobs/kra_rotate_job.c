/* Job kra-rotate: archived keys are put under the next storage key of the KRA. docs/kra.md */
#include <stdio.h>

#include "kra/kra_rotation.h"
#include "log.h"
#include "store/status/job_row.h"
#include "timestamp.h"

#include "job.h"

#define NOTE_US 1000000 /* how far it is, is written down at once, and then once a second */

/* Who waits at the command reads each line; `gatehouse job list` the last one. */
struct watcher {
	struct job_env *env;
	int64_t noted_us; /* 0: not yet */
};

static bool
is_stopping(void *arg)
{
	return job_is_stopping(((struct watcher *)arg)->env);
}

static void
tell(void *arg, const char *text)
{
	struct watcher *w = arg;
	struct gh_error err;

	job_progress(w->env, "%s", text);
	if (w->noted_us != 0 && gh_now_us() < w->noted_us + NOTE_US)
		return;
	w->noted_us = gh_now_us();
	if (store_job_note(w->env->store, "kra-rotate", text, &err) != 0)
		gh_log_kv(GH_LOG_WARN, "how far a job is, is not recorded", "cause", err.detail,
		    NULL);
}

static void
describe(const struct kra_rotated *r, char *detail, size_t size)
{
	if (r->kept > 0)
		snprintf(detail, size,
		    "%lld keys are under the new storage key; the old one stays until %lld keys are kept no more",
		    (long long)r->moved, (long long)r->kept);
	else if (!r->has_begun && r->moved == 0 && r->retired == 0)
		snprintf(detail, size, "all keys are under the current storage key");
	else
		snprintf(detail, size,
		    "%lld keys are under the new storage key, %d old storage keys retired",
		    (long long)r->moved, r->retired);
}

int
kra_rotate_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	struct watcher w = {.env = env};
	const struct kra_rotation rotation = {.store = env->store,
	    .kra = env->kra,
	    .who = &env->who,
	    .progress = {is_stopping, tell, &w}};
	struct kra_rotated done;
	int rc;

	if (env->kra == NULL)
		return 0;
	rc = kra_rotation_run(&rotation, &done, err);
	describe(&done, detail, size);
	return rc;
}

int
kra_rotate_job_plan(struct job_env *env, struct gh_error *err)
{
	struct kra_rotation_plan p;
	int rc;

	if (env->kra == NULL)
		return 0;
	if ((rc = kra_rotation_look(env->store, &p, err)) != 0)
		return rc;
	if (p.has_next)
		job_progress(env, "would take the next storage key into use");
	if (p.old > 0)
		job_progress(env, "would put %lld keys under it, and retire %d old storage keys",
		    (long long)p.moves, p.old);
	return 0;
}
