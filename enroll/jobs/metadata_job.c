/* Job metadata: runs that change the metadata of many certificates. docs/metadata.md */
#include <inttypes.h>
#include <stdio.h>

#include "enroll.h"
#include "inventory/metadata_run.h"
#include "store/inventory/metadata_run_row.h"
#include "store/status/job_row.h"

#include "job.h"

/* Of work at a time: other jobs wait meanwhile, and at least as long a pause comes behind it. */
#define SLICE_MS 500
#define KEPT_DAYS 90 /* runs that have ended */

int
metadata_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	const struct gh_progress p = job_progress_of(env);
	struct cert_metadata_env e = {.store = env->store};
	struct catalog *catalog;
	bool has_more = false;
	int rc = store_remove_metadata_runs(env->store, KEPT_DAYS, err);

	if (rc != 0 ||
	    (rc = enroll_load_catalog(env->store, env->server_secret, &catalog, err)) != 0)
		return rc;
	e.catalog = catalog;
	if ((rc = metadata_run_work(&e, SLICE_MS, &p, &has_more, err)) == 0 && has_more)
		rc = store_job_go_on(env->store, METADATA_RUN_JOB, err);
	catalog_free(catalog);
	snprintf(detail, size, "%s", has_more ? "a run goes on" : "no run is open");
	return rc;
}

int
metadata_job_plan(struct job_env *env, struct gh_error *err)
{
	gh_json *run;
	int64_t id = 0;
	int rc = store_next_metadata_run(env->store, &run, err);

	if (rc == 0 && gh_json_int(gh_json_get(run, "id"), &id))
		job_progress(env, "would go on with run %" PRId64, id);
	gh_json_free(run);
	return rc;
}
