/* Background jobs over REST. See rest_job.h. */
#include "jobs/job.h"
#include "store/status/job_row.h"

#include "rest_job.h"
#include "rest_list.h"

void
rest_jobs(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *list;

	if (job_list(env->store, env->conf, &list, &err) == 0)
		rest_page(rep, list, 0);
	else
		rest_error(&err, call->http->request_id, NULL, rep);
}

/* NULL: out of memory. */
static gh_json *
wanted_json(const char *row)
{
	gh_json *o = gh_json_new_object();

	if (gh_json_set_string(o, "name", row) == 0 && gh_json_set_bool(o, "wanted", true) == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
rest_job_want(struct worker_env *env, const struct call *call, const char *name,
    struct gh_http_reply *rep)
{
	const struct job *job = job_find(name);
	struct gh_error err = {0};
	char row[JOB_ROW_SIZE];
	int rc;

	if (job == NULL) {
		rc = gh_refuse(&err, GH_E_NOT_FOUND, "There is no such job.");
	} else {
		job_row_name(job, row);
		rc = store_job_want(env->store, call->requester, row, &err);
	}
	if (rc == 0)
		rest_json(rep, 202, wanted_json(row));
	else
		rest_error(&err, call->http->request_id, NULL, rep);
}

void
rest_job_run(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	rest_job_want(env, call, call_text(call->parts, "name"), rep);
}
