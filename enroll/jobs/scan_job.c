/* Job scan: which certificates are served where, by the operator's list. docs/inventory.md */
#include <stdio.h>
#include <stdlib.h>

#include "scan/scan_list.h"
#include "scan/scan_work.h"

#include "job.h"

static void
note(void *arg, const char *text)
{
	job_note(arg, "%s", text);
}

static bool
is_stopping(void *arg)
{
	return job_is_stopping(arg);
}

static int
scan(struct job_env *env, const char *text, const struct scan_targets *targets,
    struct scan_counts *n, struct gh_error *err)
{
	const struct scan_work w =
	    {.import = {.store = env->store, .cas = env->cas, .who = &env->who, .name = "scan"},
		.rate = env->conf->scan.rate,
		.parallel = env->conf->scan.parallel,
		.timeout = env->conf->scan.timeout,
		.start = env->start_prober,
		.start_arg = env->prober_arg,
		.progress = {is_stopping, note, env}};

	return scan_work(&w, text, targets, n, err);
}

static void
put_detail(char *detail, size_t size, size_t targets, const struct scan_counts *n)
{
	int len = snprintf(detail, size,
	    "%zu targets: %lld serve a certificate, %lld do not; %lld changed", targets,
	    (long long)n->served, (long long)n->failed, (long long)n->changed);

	if (n->ended_process > 0 && len > 0 && (size_t)len < size)
		snprintf(detail + len, size - (size_t)len, "; %lld ended the process that asks",
		    (long long)n->ended_process);
}

int
scan_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	struct scan_targets targets;
	struct scan_counts n = {0};
	char *text;
	int rc;

	if (env->conf->scan.targets[0] == '\0') {
		snprintf(detail, size, "no list: scan.targets is empty");
		return 0;
	}
	if ((rc = scan_list_read(env->conf->scan.targets, &text, &targets, err)) == 0)
		rc = scan(env, text, &targets, &n, err);
	put_detail(detail, size, targets.n, &n);
	free(text);
	scan_targets_clear(&targets);
	return rc;
}

int
scan_job_plan(struct job_env *env, struct gh_error *err)
{
	const struct gh_conf *c = env->conf;
	struct scan_targets targets;
	char *text;
	int rc;

	if (c->scan.targets[0] == '\0')
		return 0;
	if ((rc = scan_list_read(c->scan.targets, &text, &targets, err)) == 0)
		job_progress(env, "would ask %zu targets, at most %d in a second and %d at a time",
		    targets.n, c->scan.rate, c->scan.parallel);
	free(text);
	scan_targets_clear(&targets);
	return rc;
}
