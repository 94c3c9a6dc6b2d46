/* The list of runs. See console_runs.h. */
#include <stdio.h>
#include <string.h>

#include "rest/rest_metadata_run.h"

#include "console_list.h"
#include "console_run_row.h"
#include "console_runs.h"

bool
console_run_is_open(const gh_json *run)
{
	const char *state = gh_json_string(gh_json_get(run, "state"));

	return state != NULL && strcmp(state, "running") == 0;
}

/* Places are numbers of certificates or lines: some are left out, so it is about right. */
static int
percent_of(const gh_json *run)
{
	int64_t place = 0, last = 0;

	(void)gh_json_int(gh_json_get(run, "place"), &place);
	(void)gh_json_int(gh_json_get(run, "last"), &last);
	if (last > 0 && place < last)
		return (int)((double)place / (double)last * 100);
	return console_run_is_open(run) ? 0 : 100;
}

int
console_run_complete(const struct worker_env *env, const struct call *call, gh_json *run)
{
	(void)env;
	(void)call;
	return gh_json_set_int(run, "percent", percent_of(run)) |
	    gh_json_set_bool(run, "is_open", console_run_is_open(run)) |
	    gh_json_set_bool(run, "is_file", gh_json_string(gh_json_get(run, "query")) == NULL) |
	    console_set_minute(run, "started", gh_json_string(gh_json_get(run, "created")));
}

static int
put_rest(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	const gh_json *entries = gh_json_get(data, "entries");
	bool is_any_open = false;

	(void)env;
	for (size_t i = 0; i < gh_json_size(entries); i++)
		is_any_open |= console_run_is_open(gh_json_at(entries, i));
	if ((gh_json_set_bool(data, "is_any_open", is_any_open) |
		gh_json_set_bool(data, "has_script", true) |
		gh_json_set_bool(data, "is_officer",
		    (call->requester->roles & REQUESTER_ROLE_OFFICER) != 0)) == 0)
		return 0;
	return gh_fail(err, GH_E_NOMEM, "metadata runs");
}

void
console_runs(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	static const struct console_list runs = {.page = "metadata_runs",
	    .path = CONSOLE_RUNS,
	    .api = rest_metadata_runs,
	    .query = "order=newest&limit=50",
	    .cursor = "after",
	    .row = console_run_complete,
	    .more = put_rest};

	console_list_reply(&runs, env, call, rep);
}
