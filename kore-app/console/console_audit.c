/* The audit trail in the console. See console.h. */
#include <string.h>

#include "health/rest_status.h"
#include "rest/rest_audit.h"
#include "rest/rest_job.h"

#include "console.h"
#include "console_list.h"
#include "console_object.h"
#include "console_page.h"

#define TRAIL "/console/audit"

static const struct console_choice outcomes[] = {
    {"", "audit_outcome.any"},
    {"success", "audit_outcome.success"},
    {"failure", "audit_outcome.failure"},
    {NULL, NULL},
};
static const struct console_list_filter filters[] = {{"event", NULL}, {"actor", NULL},
    {"outcome", outcomes}, {"object", NULL}, {NULL, NULL}};

static bool
is_one_of(const gh_json *row, const char *member, const char *a, const char *b)
{
	const char *text = gh_json_string(gh_json_get(row, member));

	return text != NULL && (strcmp(text, a) == 0 || strcmp(text, b) == 0);
}

/* Those of a list of an answer whose member is one of two words, as name. */
static int
put_those(gh_json *data, const char *name, const gh_json *list, const char *member, const char *a,
    const char *b)
{
	gh_json *found = gh_json_new_array();
	int bad = 0;

	for (size_t i = 0; i < gh_json_size(list); i++) {
		gh_json *row = gh_json_at(list, i);

		if (is_one_of(row, member, a, b))
			bad |= gh_json_set_bool(row, "has_failed",
				   is_one_of(row, "outcome", "failure", "failure")) |
			    console_set_minute(row, "finished_at",
				gh_json_string(gh_json_get(row, "finished"))) |
			    gh_json_append(found, gh_json_ref(row));
	}
	return bad | gh_json_set(data, name, found);
}

static bool
is_wanted(const gh_json *jobs, const char *name)
{
	for (size_t i = 0; i < gh_json_size(jobs); i++)
		if (is_one_of(gh_json_at(jobs, i), "name", name, name))
			return gh_json_bool(gh_json_get(gh_json_at(jobs, i), "wanted"), false);
	return false;
}

/* Seals and what goes to a collector: as the overview has it, and how the jobs ended. */
static int
put_state(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	gh_json *house = NULL, *jobs = NULL;
	int rc = console_get(env, call, rest_status, NULL, &house, err);

	if (rc == 0)
		rc = console_get(env, call, rest_jobs, NULL, &jobs, err);
	if (rc == 0 &&
	    (put_those(data, "findings", gh_json_get(house, "findings"), "code", "audit",
		 "syslog") |
		put_those(data, "jobs", gh_json_get(jobs, "entries"), "name", "audit-seal",
		    "syslog")) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "audit trail");
	gh_json_free(house);
	gh_json_free(jobs);
	return rc;
}

/* One that has ended or goes on; JSON null stays out. */
static int
put_check(gh_json *data, const char *name, gh_json *check)
{
	int64_t found = 0, shown = (int64_t)gh_json_size(gh_json_get(check, "findings"));

	if (!gh_json_int(gh_json_get(check, "finding_count"), &found))
		return 0;
	return console_set_minute(check, "begun_at", gh_json_string(gh_json_get(check, "begun"))) |
	    console_set_minute(check, "ended_at", gh_json_string(gh_json_get(check, "ended"))) |
	    (found > shown ? gh_json_set_int(check, "more", found - shown) : 0) |
	    gh_json_set(data, name, gh_json_ref(check));
}

static int
put_checks(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	gh_json *checks = NULL, *jobs = NULL;
	bool is_busy;
	int rc = console_get(env, call, audit_rest_checks, NULL, &checks, err);

	if (rc == 0)
		rc = console_get(env, call, rest_jobs, NULL, &jobs, err);
	is_busy = gh_json_size(gh_json_get(checks, "running")) > 0 ||
	    is_wanted(gh_json_get(jobs, "entries"), "audit-verify");
	if (rc == 0 &&
	    (put_check(data, "running", gh_json_get(checks, "running")) |
		put_check(data, "last", gh_json_get(checks, "last")) |
		gh_json_set_bool(data, "is_busy", is_busy) |
		gh_json_set_bool(data, "has_script", is_busy)) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "verifications");
	gh_json_free(checks);
	gh_json_free(jobs);
	return rc;
}

static int
put_more(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	int rc = put_state(env, call, data, err);

	return rc == 0 ? put_checks(env, call, data, err) : rc;
}

static int
complete(const struct worker_env *env, const struct call *call, gh_json *row)
{
	(void)env;
	(void)call;
	return console_object_put(row, gh_json_string(gh_json_get(row, "object")));
}

static const struct console_list trail = {.page = "audit",
    .path = TRAIL,
    .api = audit_rest_list,
    .query = "order=newest&limit=50",
    .cursor = "after",
    .filters = filters,
    .row = complete,
    .more = put_more};

void
console_audit(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	console_list_reply(&trail, env, call, rep);
}

void
console_audit_verify(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct console_ask what = {.handler = audit_rest_verify, .method = GH_HTTP_POST};

	console_do(env, call, &what, TRAIL, rep);
}
