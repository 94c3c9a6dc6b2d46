/* What there is to tell of the jobs. */
#include <string.h>

#include "store/status/job_row.h"

#include "job.h"

/* "NAME", or "NAME@NODE" of a job of each node. */
static bool
is_row_of(const struct job *job, const char *row)
{
	size_t n = strlen(job->name);

	if (row == NULL || strncmp(row, job->name, n) != 0)
		return false;
	return row[n] == '\0' || (job->kind == JOB_PER_NODE && row[n] == '@');
}

/* What the program knows of a job, and what the database recorded, if it ever ran. */
static gh_json *
job_object(const struct job *job, const struct gh_conf *conf, const gh_json *row)
{
	static const char *const members[] = {"started", "finished", "outcome", "failures",
	    "wanted", "running", "node", "detail"};
	const char *name = row != NULL ? gh_json_string(gh_json_get(row, "name")) : NULL;
	gh_json *o = gh_json_new_object();
	int bad = o == NULL ||
	    gh_json_set_string(o, "name", name != NULL ? name : job->name) != 0 ||
	    gh_json_set_string(o, "about", job->about) != 0 ||
	    gh_json_set_int(o, "interval", job_interval(job, conf)) != 0;

	for (size_t i = 0; !bad && i < sizeof(members) / sizeof(members[0]); i++) {
		gh_json *v = row != NULL ? gh_json_get(row, members[i]) : NULL;

		bad = gh_json_set(o, members[i],
			  v != NULL ? gh_json_ref(v) : gh_json_new_string(NULL)) != 0;
	}
	if (bad) {
		gh_json_free(o);
		return NULL;
	}
	return o;
}

/* One object for each row, and one for a job that never ran. */
static int
append_job(gh_json *all, const struct job *job, const struct gh_conf *conf, const gh_json *rows)
{
	bool any = false;

	for (size_t i = 0; i < gh_json_size(rows); i++) {
		const gh_json *row = gh_json_at(rows, i);

		if (!is_row_of(job, gh_json_string(gh_json_get(row, "name"))))
			continue;
		any = true;
		if (gh_json_append(all, job_object(job, conf, row)) != 0)
			return -1;
	}
	return any ? 0 : gh_json_append(all, job_object(job, conf, NULL));
}

int
job_list(struct store *s, const struct gh_conf *conf, gh_json **out, struct gh_error *err)
{
	gh_json *rows, *all = NULL;
	int rc = store_job_list(s, &rows, err);

	*out = NULL;
	if (rc == 0 && (all = gh_json_new_array()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "jobs");
	for (size_t i = 0; rc == 0 && i < job_table_len; i++)
		if (append_job(all, &job_table[i], conf, rows) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "jobs");
	gh_json_free(rows);
	if (rc == 0)
		*out = all;
	else
		gh_json_free(all);
	return rc;
}
