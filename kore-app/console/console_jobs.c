/* Background jobs in the console. See console_admin.h. */
#include <string.h>

#include "rest/rest_job.h"

#include "pages/page.h"

#include "console_admin.h"
#include "console_ask.h"
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
complete(gh_json *job)
{
	const char *name = gh_json_string(gh_json_get(job, "name"));
	char plain[64];
	int64_t interval = 0;

	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(name != NULL ? name : "", "@"),
	    name != NULL ? name : "");
	(void)gh_json_int(gh_json_get(job, "interval"), &interval);
	return gh_json_set_string(job, "state", state_of(job)) |
	    gh_json_set_string(job, "job", plain) |
	    gh_json_set_bool(job, "on_demand", interval == 0);
}

static gh_json *
data_of(const struct call *call, gh_json *page)
{
	gh_json *data = gh_json_new_object(), *jobs = gh_json_get(page, "entries");
	bool may_run = (call->requester->roles & REQUESTER_ROLE_ADMIN) != 0;
	int bad = gh_json_set(data, "jobs", gh_json_ref(jobs)) |
	    gh_json_set_bool(data, "may_run", may_run);

	for (size_t i = 0; i < gh_json_size(jobs); i++)
		bad |= complete(gh_json_at(jobs, i));
	if (bad == 0)
		return data;
	gh_json_free(data);
	return NULL;
}

void
console_jobs(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *page;

	if (console_get(env, call, rest_jobs, NULL, &page, &err) == 0)
		console_reply(env, call, 200, "jobs", data_of(call, page), rep);
	else
		page_refuse(call, &err, rep);
	gh_json_free(page);
}

void
console_job_run(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct console_ask what = {.handler = rest_job_run, .method = GH_HTTP_POST};

	console_do(env, call, &what, JOBS, rep);
}
