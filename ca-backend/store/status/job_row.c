/* Jobs: state, lock, and the record of the last run. Times are the database's, so that nodes need
 * no common clock. */
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"
#include "job_row.h"

#define LOCK_SPACE STORE_JOB_LOCK_SPACE

#define JOB_COLUMNS \
	"name, coalesce(extract(epoch FROM clock_timestamp() - greatest(started_at, finished_at))::bigint, -1), " \
	"wanted, failures, " STORE_JOB_RUNNING

static void
fill(const PGresult *res, int row, struct store_job *job)
{
	snprintf(job->name, sizeof(job->name), "%s", store_text(res, row, 0));
	job->idle = store_int(res, row, 1);
	job->wanted = store_bool(res, row, 2);
	job->failures = (int)store_int(res, row, 3);
	job->running = store_bool(res, row, 4);
}

int
store_job_states(struct store *s, struct store_job **jobs, size_t *n, struct gh_error *err)
{
	static const struct store_statement st = {"job_states", "SELECT " JOB_COLUMNS " FROM job"};
	struct store_params p = {0};
	PGresult *res;
	int rc = store_read(s, &st, &p, &res, err);

	*jobs = NULL;
	*n = 0;
	if (rc != 0)
		return rc;
	*jobs = calloc((size_t)PQntuples(res) + 1, sizeof(**jobs));
	if (*jobs == NULL) {
		PQclear(res);
		return gh_fail(err, GH_E_NOMEM, "jobs");
	}
	*n = (size_t)PQntuples(res);
	for (size_t i = 0; i < *n; i++)
		fill(res, (int)i, &(*jobs)[i]);
	PQclear(res);
	return 0;
}

int
store_job_state(struct store *s, const char *name, struct store_job *out, struct gh_error *err)
{
	static const struct store_statement st = {"job_state",
	    "SELECT " JOB_COLUMNS " FROM job WHERE name = $1"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "%s", name);
	out->idle = -1;
	store_put_text(&p, name);
	rc = store_read(s, &st, &p, &res, err);
	if (rc == 0 && PQntuples(res) == 1)
		fill(res, 0, out);
	PQclear(res);
	return rc;
}

int
store_job_lock(struct store *s, const char *name, bool *locked, struct gh_error *err)
{
	static const struct store_statement st = {"job_lock",
	    "SELECT pg_try_advisory_lock(" LOCK_SPACE ", hashtext($1))"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_text(&p, name);
	rc = store_read(s, &st, &p, &res, err);
	*locked = rc == 0 && store_bool(res, 0, 0);
	PQclear(res);
	return rc;
}

void
store_job_unlock(struct store *s, const char *name)
{
	static const struct store_statement st = {"job_unlock",
	    "SELECT pg_advisory_unlock(" LOCK_SPACE ", hashtext($1))"};
	struct store_params p = {0};
	PGresult *res;

	if (s->conn == NULL)
		return; /* it went with the connection */
	store_put_text(&p, name);
	if (store_run(s, &st, &p, &res, NULL) != 0)
		store_disconnect(s);
	store_params_clear(&p);
	PQclear(res);
}

int
store_job_begin(struct store *s, const char *name, const char *node, struct gh_error *err)
{
	static const struct store_statement st = {"job_begin",
	    "INSERT INTO job (name, started_at, node, failures) VALUES ($1, clock_timestamp(), $2, 1) "
	    "ON CONFLICT (name) DO UPDATE SET started_at = clock_timestamp(), node = $2, wanted = false, "
	    "failures = least(job.failures, 1000) + 1"};
	struct store_params p = {0};

	store_put_text(&p, name);
	store_put_text(&p, node);
	return store_do(s, &st, &p, err);
}

int
store_job_end(struct store *s, const char *name, bool success, const char *detail,
    struct gh_error *err)
{
	static const struct store_statement st = {"job_end",
	    "UPDATE job SET finished_at = clock_timestamp(), outcome = CASE WHEN $2::boolean THEN 'success' "
	    "ELSE 'failure' END, detail = $3, failures = CASE WHEN $2::boolean THEN 0 ELSE failures END "
	    "WHERE name = $1"};
	struct store_params p = {0};

	store_put_text(&p, name);
	store_put_bool(&p, success);
	store_put_text(&p, detail);
	return store_do(s, &st, &p, err);
}

int
store_job_note(struct store *s, const char *name, const char *detail, struct gh_error *err)
{
	static const struct store_statement st = {"job_note",
	    "UPDATE job SET detail = $2 WHERE name = $1"};
	struct store_params p = {0};

	store_put_text(&p, name);
	store_put_text(&p, detail);
	return store_do(s, &st, &p, err);
}

int
store_job_go_on(struct store *s, const char *name, struct gh_error *err)
{
	static const struct store_statement st = {"job_want",
	    "INSERT INTO job (name, wanted) VALUES ($1, true) ON CONFLICT (name) DO UPDATE SET wanted = true"};
	struct store_params p = {0};

	store_put_text(&p, name);
	return store_do(s, &st, &p, err);
}

int
store_job_want(struct store *s, const struct requester *who, const char *name, struct gh_error *err)
{
	int rc = store_begin(s, err);

	if (rc != 0)
		return rc;
	if ((rc = store_job_go_on(s, name, err)) == 0 &&
	    (rc = store_audit_change(s, who, "job.wanted", name, NULL, err)) == 0)
		return store_commit(s, err);
	store_rollback(s);
	return rc;
}

int
store_job_list(struct store *s, gh_json **out, struct gh_error *err)
{
	static const struct store_statement st = {"job_list",
	    "SELECT coalesce(json_agg(row_to_json(t) ORDER BY name), '[]') FROM (SELECT name, "
	    "iso_utc(started_at) AS started, iso_utc(finished_at) AS finished, outcome, detail, node, wanted, " STORE_JOB_RUNNING
	    " AS running, " STORE_JOB_FAILURES " AS failures FROM job) t"};
	struct store_params p = {0};

	return store_read_json(s, &st, &p, out, err);
}
