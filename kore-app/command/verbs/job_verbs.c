/* `gatehouse job`: what runs in the background, and running it by hand. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jobs/job.h"
#include "log.h"
#include "store/status/job_row.h"

#include "command.h"
#include "run/prober_child.h"
#include "verb.h"

/* ---- list ---- */

static int
list_jobs(struct verb_call *c, struct gh_error *err)
{
	return job_list(c->env.store, c->env.conf, &c->out, err);
}

static const struct output_column columns[] = {{"NAME", "name"}, {"EVERY", "interval"},
    {"STARTED", "started"}, {"FINISHED", "finished"}, {"OUTCOME", "outcome"},
    {"FAILURES", "failures"}, {"NODE", "node"}, {"DETAIL", "detail"}, {NULL, NULL}};
const struct verb verb_job_list = {
    .usage = {"", 0, 0,
	"Lists the background jobs: seconds between runs, and how the last one ended.",
	"gatehouse job list\n"},
    .options = verb_json_options,
    .needs = NEEDS_STORE,
    .work = list_jobs,
    .columns = columns,
};

/* ---- run ---- */

static bool in_background, is_dry;
static const struct job *job;
static const struct option_row run_options[] = {
    VERB_CONFIG,
    {"background", 'b', OPTION_FLAG, &in_background, NULL,
	"let a running gateway do it, and do not wait"},
    {"dry-run", 0, OPTION_FLAG, &is_dry, NULL, "say what a run would do now, and change nothing"},
    VERB_JSON,
    OPTION_END,
};

static int
check_run(const struct verb_call *c)
{
	if ((job = job_find(c->operand[0])) == NULL)
		return command_usage(c->who, "there is no job \"%s\": see `gatehouse job list`",
		    c->operand[0]);
	if (is_dry && in_background)
		return command_usage(c->who, "--dry-run and --background exclude each other");
	return COMMAND_OK;
}

/* Here and now, with our own connections. Free with pipeline_free. */
static int
open_here(struct verb_call *c, struct job_env *env, struct gh_error *err)
{
	int rc = command_env_become_gateway(&c->env, err);

	if (rc == 0)
		rc = pipeline_open(&c->env, &c->pipeline, err);
	if (rc == 0)
		*env = pipeline_job_env(&c->env, &c->pipeline);
	env->start_prober = prober_child_begin;
	env->prober_arg = c->env.conf;
	return rc;
}

static void
show_progress(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

static int
put_result(struct verb_call *c, const char *detail, struct gh_error *err)
{
	c->out = gh_json_new_object();
	if (c->out == NULL || gh_json_set_string(c->out, "name", job->name) != 0 ||
	    gh_json_set_string(c->out, "outcome", "success") != 0 ||
	    gh_json_set_string(c->out, "detail", detail) != 0)
		return gh_fail(err, GH_E_NOMEM, "job");
	return 0;
}

static int
run_here(struct verb_call *c, struct gh_error *err)
{
	char detail[JOB_DETAIL_SIZE] = "";
	struct job_env env;
	int rc = open_here(c, &env, err);

	if (rc != 0)
		return rc;
	env.progress = isatty(STDERR_FILENO) ? show_progress : NULL;
	switch (job_run_one(&env, job, true, detail, err)) {
	case JOB_DONE:
		return put_result(c, detail, err);
	case JOB_RUNNING:
		return gh_refuse(err, GH_E_CONFLICT,
		    "the job runs at this moment, on this node or another one");
	default:
		return err->code != GH_OK ? (int)err->code
					  : gh_fail(err, GH_E_INTERNAL, "job not run");
	}
}

static void
take_line(void *arg, const char *text)
{
	struct verb_call *c = arg;

	if (gh_json_append(c->out, gh_json_new_string(text)) != 0)
		c->exit = COMMAND_FAILED;
}

static int
plan(struct verb_call *c, struct gh_error *err)
{
	struct job_env env;
	int rc = open_here(c, &env, err);

	if (rc == 0 && (c->out = gh_json_new_array()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "plan");
	if (rc != 0)
		return rc;
	env.progress = take_line;
	env.arg = c;
	return job->plan(&env, err);
}

static int
run(struct verb_call *c, struct gh_error *err)
{
	char row[JOB_ROW_SIZE];

	if (is_dry)
		return plan(c, err);
	if (!in_background)
		return run_here(c, err);
	job_row_name(job, row);
	return store_job_want(c->env.store, &c->env.who, row, err);
}

static int
show(struct verb_call *c)
{
	const char *detail;

	if (in_background) {
		printf("%s: a gateway will run it within about a second\n", job->name);
	} else if (is_dry) {
		for (size_t i = 0; i < gh_json_size(c->out); i++)
			printf("%s\n", gh_json_string(gh_json_at(c->out, i)));
		if (gh_json_size(c->out) == 0)
			printf("%s: nothing is due\n", job->name);
	} else {
		detail = gh_json_string(gh_json_get(c->out, "detail"));
		printf("%s: %s\n", job->name, *detail != '\0' ? detail : "done");
	}
	return output_finish();
}

const struct verb verb_job_run = {
    .usage = {"NAME", 1, 1,
	"Runs a background job now, in this process; the signer must run. Names: gatehouse job list.",
	"gatehouse job run audit-seal\ngatehouse job run retention --dry-run\ngatehouse job run retention --background\n"},
    .options = run_options,
    .needs = NEEDS_GRANTS,
    .check = check_run,
    .work = run,
    .show = show,
};
