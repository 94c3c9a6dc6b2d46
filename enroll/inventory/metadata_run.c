/* Orders that change the metadata of many certificates. See metadata_run.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "catalog/metadata_change.h"
#include "query_parse.h"
#include "store/inventory/metadata_run_row.h"
#include "store/status/job_row.h"
#include "timestamp.h"

#include "metadata_run.h"

#define DETAIL_SIZE 1024

static int
check_officer(const struct requester *who, struct gh_error *err)
{
	if ((who->roles & REQUESTER_ROLE_OFFICER) != 0)
		return 0;
	return gh_refuse(err, GH_E_FORBIDDEN,
	    "Only an officer may change the metadata of many certificates.");
}

/* Would a certificate without values take them? */
static int
check_values(const struct catalog *catalog, const gh_json *values, struct gh_error *err)
{
	const struct metadata_change c = {.field = catalog->field,
	    .fields = catalog->fields,
	    .is_officer = true};
	gh_json *out, *changes;
	int rc;

	if (gh_json_size(values) == 0)
		return gh_refuse(err, GH_E_METADATA, "No metadata field is named.");
	if ((rc = metadata_change(&c, NULL, values, &out, &changes, err)) == 0) {
		gh_json_free(out);
		gh_json_free(changes);
	}
	return rc;
}

static int
check_query(const struct catalog *catalog, const struct requester *who, const char *text,
    struct gh_error *err)
{
	const struct query_env q = {.field = catalog->field,
	    .fields = catalog->fields,
	    .me = who->name,
	    .now = gh_now()};
	struct cert_node *condition = NULL;
	int rc = query_parse(text, &q, &condition, err);

	cert_node_free(condition);
	return rc;
}

static int
check_order(const struct cert_metadata_env *env, const struct requester *who,
    const struct metadata_run_order *o, struct gh_error *err)
{
	size_t n = gh_json_size(o->lines);
	int rc = check_officer(who, err);

	if (rc != 0)
		return rc;
	if (o->query == NULL)
		return n > 0 && n <= METADATA_RUN_LINES_MAX
		    ? 0
		    : gh_refuse(err, GH_E_BAD_REQUEST, "The file must have 1 to %d lines.",
			  METADATA_RUN_LINES_MAX);
	if ((rc = check_query(env->catalog, who, o->query, err)) != 0)
		return rc;
	return check_values(env->catalog, o->values, err);
}

/* "Department, Stage where NotAfter -lt ..." */
static void
describe(const struct metadata_run_order *o, char *out, size_t size)
{
	size_t n = 0;

	if (o->query == NULL) {
		snprintf(out, size, "%zu lines%s", gh_json_size(o->lines),
		    o->is_dry ? ", dry run" : "");
		return;
	}
	*out = '\0';
	for (void *it = gh_json_iter(o->values); it != NULL && n < size;
	     it = gh_json_next(o->values, it))
		n += (size_t)snprintf(out + n, size - n, "%s%.64s", n > 0 ? ", " : "",
		    gh_json_iter_name(it));
	if (n < size)
		snprintf(out + n, size - n, "%s where %.600s", o->is_dry ? ", dry run," : "",
		    o->query);
}

int
metadata_run_start(const struct cert_metadata_env *env, const struct requester *who,
    const struct metadata_run_order *o, int64_t *id, struct gh_error *err)
{
	char detail[DETAIL_SIZE];
	int rc = check_order(env, who, o, err);

	*id = 0;
	if (rc != 0)
		return rc;
	describe(o, detail, sizeof(detail));
	rc = store_add_metadata_run(env->store, who,
	    &(struct store_metadata_order){.query = o->query,
		.values = o->values,
		.lines = o->lines,
		.detail = detail,
		.request_id = o->request_id,
		.overwrites = o->overwrites,
		.is_dry = o->is_dry},
	    id, err);
	/* without it the job comes by itself, later */
	if (rc == 0)
		(void)!store_job_go_on(env->store, METADATA_RUN_JOB, NULL);
	return rc;
}

int
metadata_run_cancel(struct store *store, const struct requester *who, int64_t id,
    const char *request_id, struct gh_error *err)
{
	bool is_ended = false;
	gh_json *run = NULL;
	int rc = check_officer(who, err);

	if (rc == 0 && (rc = store_get_metadata_run(store, id, &run, err)) == 0)
		rc = store_end_metadata_run(store, who, id, "cancelled", NULL, request_id,
		    &is_ended, err);
	gh_json_free(run);
	if (rc == 0 && !is_ended)
		return gh_refuse(err, GH_E_CONFLICT, "The run has ended.");
	return rc;
}
