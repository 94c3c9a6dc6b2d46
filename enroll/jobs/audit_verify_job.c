/* Job audit-verify: is the audit trail still what was sealed? docs/audit.md, "In the background" */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/audit_verify.h"
#include "log.h"
#include "store/audit/audit_check_row.h"
#include "store/audit/audit_seal_row.h"
#include "store/status/job_row.h"
#include "timestamp.h"

#include "job.h"

/* Of work at a time: other jobs wait meanwhile, and at least as long a pause comes behind it. */
#define SLICE_US 500000

struct work {
	struct job_env *env;
	unsigned char *spki;
	size_t spki_len;
	struct store_audit_check at; /* sums of all pieces */
	struct audit_verify v;       /* the piece under way */
	int64_t until;               /* of it, by gh_now_us */
	gh_json *found;              /* by it, as far as there is room */
	bool failed;                 /* out of memory */
};

static bool
is_enough(void *arg)
{
	const struct work *w = arg;

	return gh_now_us() >= w->until || job_is_stopping(w->env);
}

static void
on_found(void *arg, const struct audit_finding *f)
{
	struct work *w = arg;

	if (w->at.findings + w->v.findings <= STORE_AUDIT_FOUND_MAX)
		w->failed |= gh_json_append(w->found, audit_finding_json(f)) != 0;
}

static void
tell(const struct work *w, char *detail, size_t size)
{
	const struct store_audit_check *at = &w->at;

	if (at->findings > 0)
		snprintf(detail, size,
		    "%" PRId64 " rows in %" PRId64 " seals%s: NOT INTACT, %" PRId64 " findings",
		    at->rows, at->seals, w->v.has_more ? " so far" : "", at->findings);
	else
		snprintf(detail, size, "%" PRId64 " rows in %" PRId64 " seals%s: intact", at->rows,
		    at->seals, w->v.has_more ? " so far" : "");
}

static int
record(struct work *w, const struct store_audit_check *from, char *detail, size_t size,
    struct gh_error *err)
{
	const struct audit_verify *v = &w->v;
	const struct store_audit_step step = {.from = from,
	    .to = &w->at,
	    .head = v->last.id != 0 ? v->last.head : NULL,
	    .found = w->found,
	    .is_last = !v->has_more,
	    .detail = detail};

	w->at.last_seal = v->last.id;
	w->at.next_row = v->next_row;
	w->at.seals += v->seals;
	w->at.rows += v->rows;
	w->at.unsealed += v->unsealed;
	w->at.findings += v->findings;
	tell(w, detail, size);
	if (v->findings > 0)
		gh_log_kv(GH_LOG_ERROR, "the audit trail is not what was sealed", "found", detail,
		    NULL);
	return store_audit_check_step(w->env->store, &w->env->who, &step, err);
}

/* From where the verification stands; what it found is recorded together with its place. */
static int
do_piece(struct work *w, char *detail, size_t size, struct gh_error *err)
{
	const struct store_audit_check from = w->at;
	int rc;

	w->v = (struct audit_verify){.keys = 1,
	    .from = from.last_seal + 1,
	    .unsealed_from = from.next_row,
	    .found = on_found,
	    .is_enough = is_enough,
	    .arg = w};
	w->v.key[0].spki = w->spki;
	w->v.key[0].len = w->spki_len;
	w->until = gh_now_us() + SLICE_US;
	w->found = gh_json_new_array();
	rc = audit_verify(w->env->store, &w->v, err);
	if (rc == 0 && (w->found == NULL || w->failed))
		rc = gh_fail(err, GH_E_NOMEM, "findings");
	if (rc == 0)
		rc = record(w, &from, detail, size, err);
	gh_json_free(w->found);
	return rc;
}

/* A command does all of it; a gateway lets other jobs have their turn between the pieces. */
int
audit_verify_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	struct work w = {.env = env};
	int rc = signer_client_audit_key(env->signer, &w.spki, &w.spki_len, err);

	if (rc == 0)
		rc = store_audit_check_open(env->store, &w.at, err);
	if (rc == 0)
		rc = do_piece(&w, detail, size, err);
	while (rc == 0 && w.v.has_more && env->is_stopping == NULL) {
		job_note(env, "%s", detail);
		rc = do_piece(&w, detail, size, err);
	}
	if (rc == 0 && w.v.has_more)
		rc = store_job_go_on(env->store, "audit-verify", err);
	free(w.spki);
	return rc;
}

int
audit_verify_job_plan(struct job_env *env, struct gh_error *err)
{
	int64_t max_id;
	int rc = store_audit_extent(env->store, &max_id, err);

	if (rc == 0 && max_id > 0)
		job_progress(env, "would verify the rows up to %" PRId64, max_id);
	return rc;
}
