/* Background jobs in the console. See console_admin.h. */
#include <string.h>

#include "rest/rest_job.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_list.h"
#include "console_page.h"

#define JOBS "/console/jobs"

static bool
is_true(const gh_json *job, const char *name)
{
	return gh_json_bool(gh_json_get(job, name), false);
}

/* How it stands, for people: static. */
static const char *
state_of(const gh_json *job)
{
	const char *outcome = gh_json_string(gh_json_get(job, "outcome"));
	int64_t failures = 0;

	(void)gh_json_int(gh_json_get(job, "failures"), &failures);
	if (is_true(job, "running"))
		return "running";
	if (is_true(job, "wanted"))
		return "wanted";
	if (failures > 0) /* also of a run that never ended */
		return "failure";
	return outcome != NULL && strcmp(outcome, "success") == 0 ? "success" : "never";
}

/* A run of another node is not ours to ask for: its job is named once, for this one. */
static int
complete(const struct worker_env *env, const struct call *call, gh_json *job)
{
	const char *name = gh_json_string(gh_json_get(job, "name"));
	char plain[64];
	int64_t interval = 0;

	(void)env;
	(void)call;
	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(name != NULL ? name : "", "@"),
	    name != NULL ? name : "");
	(void)gh_json_int(gh_json_get(job, "interval"), &interval);
	return gh_json_set_string(job, "state", state_of(job)) |
	    gh_json_set_string(job, "job", plain) |
	    gh_json_set_bool(job, "on_demand", interval == 0);
}

static int
put_rights(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	bool may_run = (call->requester->roles & REQUESTER_ROLE_ADMIN) != 0;

	(void)env;
	return gh_json_set_bool(data, "may_run", may_run) == 0 ? 0
							       : gh_fail(err, GH_E_NOMEM, "jobs");
}

static const struct console_list jobs = {.page = "jobs",
    .path = JOBS,
    .api = rest_jobs,
    .row = complete,
    .more = put_rights};

void
console_jobs(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	console_list_reply(&jobs, env, call, rep);
}

void
console_job_run(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct console_ask what = {.handler = rest_job_run, .method = GH_HTTP_POST};

	console_do(env, call, &what, JOBS, rep);
}
