/* Job audit-seal: new rows of the audit trail become leaves of a tree whose head is signed.
 * docs/audit.md */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "store/audit/audit_seal_row.h"

#include "job.h"

#define BATCH_ROWS 10000 /* rows of one seal, at most */

struct batch {
	struct audit_seal seal;
	struct audit_tree tree;
	struct store_leaves leaves; /* not written yet */
};

static int
add_row(void *arg, const struct audit_row *row, struct gh_error *err)
{
	struct batch *b = arg;
	struct store_leaves *l = &b->leaves;
	int rc = audit_leaf(row, l->hash[l->n], err);

	if (rc != 0)
		return rc;
	audit_tree_add(&b->tree, l->hash[l->n]);
	l->id[l->n++] = row->id;
	if (row->id > b->seal.max_id)
		b->seal.max_id = row->id;
	return 0;
}

/* Rows into leaves, page by page. */
static int
collect(struct job_env *env, const struct audit_seal *last, struct batch *b, struct gh_error *err)
{
	int64_t after = last->max_id - STORE_SEAL_MARGIN;
	int n = STORE_SEAL_PAGE, rc = 0;

	while (rc == 0 && n == STORE_SEAL_PAGE && b->seal.rows < BATCH_ROWS) {
		b->leaves.n = 0;
		rc = store_seal_unsealed(env->store, last, after, STORE_SEAL_PAGE, add_row, b, &n,
		    err);
		if (rc != 0 || n == 0)
			break;
		rc = store_seal_add(env->store, b->seal.id, (int)b->seal.rows, &b->leaves, err);
		b->seal.rows += n;
		after = b->leaves.id[n - 1];
	}
	return rc;
}

static int
sign_and_write(struct job_env *env, struct batch *b, struct gh_error *err)
{
	struct audit_seal *seal = &b->seal;
	int rc = audit_tree_root(&b->tree, seal->root, err);

	if (rc == 0)
		rc = audit_seal_head(seal, seal->head, err);
	if (rc == 0)
		rc = signer_client_sign_audit(env->signer, seal->head, (uint64_t)seal->id,
		    seal->signature, seal->key_id, err);
	return rc == 0 ? store_seal_end(env->store, seal, err) : rc;
}

/* One seal. *rows 0: there was nothing to seal. */
static int
seal_batch(struct job_env *env, struct batch *b, struct gh_error *err)
{
	struct audit_seal last;
	int64_t now;
	int rc = store_seal_begin(env->store, &last, &now, err);

	memset(b, 0, sizeof(*b));
	if (rc != 0)
		return rc;
	b->seal.sealed_at = now;
	b->seal.id = last.id + 1;
	b->seal.max_id = last.max_id;
	memcpy(b->seal.previous, last.head, sizeof(last.head));
	rc = collect(env, &last, b, err);
	if (rc == 0 && b->seal.rows > 0)
		rc = sign_and_write(env, b, err);
	store_seal_cancel(env->store); /* what is not committed by now */
	return rc;
}

int
audit_seal_job_run(struct job_env *env, char *detail, size_t size, struct gh_error *err)
{
	struct batch *b = malloc(sizeof(*b));
	int64_t rows = 0, last_id = 0;
	int seals = 0, rc = b != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "audit seal");

	while (rc == 0) {
		rc = seal_batch(env, b, err);
		if (rc != 0 || b->seal.rows == 0)
			break;
		seals++;
		rows += b->seal.rows;
		last_id = b->seal.id;
		job_progress(env, "%lld rows sealed", (long long)rows);
		if (b->seal.rows < BATCH_ROWS)
			break;
		if (job_is_stopping(env))
			rc = gh_fail(err, GH_E_BUSY,
			    "stopped after %lld rows; the rest is for the next run",
			    (long long)rows);
	}
	if (seals > 0)
		snprintf(detail, size, "%lld rows in %d seals, the last is %lld", (long long)rows,
		    seals, (long long)last_id);
	else
		snprintf(detail, size, "nothing new");
	free(b);
	return rc;
}

int
audit_seal_job_plan(struct job_env *env, struct gh_error *err)
{
	int64_t count;
	int rc = store_count_unsealed(env->store, &count, err);

	if (rc == 0 && count > 0)
		job_progress(env, "would seal %lld rows", (long long)count);
	return rc;
}
