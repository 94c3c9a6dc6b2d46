/* New rows of the audit trail become leaves of a tree whose head is signed. See audit_seal.h. */
#include <stdlib.h>
#include <string.h>

#include "store/audit/audit_seal_row.h"

#include "audit_seal.h"

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
collect(const struct audit_sealing *a, const struct audit_seal *last, struct batch *b,
    struct gh_error *err)
{
	int64_t after = last->max_id - STORE_AUDIT_SEAL_MARGIN;
	int n = STORE_AUDIT_SEAL_PAGE, rc = 0;

	while (rc == 0 && n == STORE_AUDIT_SEAL_PAGE && b->seal.rows < BATCH_ROWS) {
		b->leaves.n = 0;
		rc = store_audit_seal_unsealed(a->store, last, after, STORE_AUDIT_SEAL_PAGE,
		    add_row, b, &n, err);
		if (rc != 0 || n == 0)
			break;
		rc = store_audit_seal_add(a->store, b->seal.id, (int)b->seal.rows, &b->leaves, err);
		b->seal.rows += n;
		after = b->leaves.id[n - 1];
	}
	return rc;
}

static int
sign_and_write(const struct audit_sealing *a, struct batch *b, struct gh_error *err)
{
	struct audit_seal *seal = &b->seal;
	int rc = audit_tree_root(&b->tree, seal->root, err);

	if (rc == 0)
		rc = audit_seal_head(seal, seal->head, err);
	if (rc == 0)
		rc = signer_client_sign_audit(a->signer, seal->head, (uint64_t)seal->id,
		    seal->signature, seal->key_id, err);
	return rc == 0 ? store_audit_seal_end(a->store, seal, err) : rc;
}

/* One seal. *rows 0: there was nothing to seal. */
static int
seal_batch(const struct audit_sealing *a, struct batch *b, struct gh_error *err)
{
	struct audit_seal last;
	int64_t now;
	int rc = store_audit_seal_begin(a->store, &last, &now, err);

	memset(b, 0, sizeof(*b));
	if (rc != 0)
		return rc;
	b->seal.sealed_at = now;
	b->seal.id = last.id + 1;
	b->seal.max_id = last.max_id;
	memcpy(b->seal.previous, last.head, sizeof(last.head));
	rc = collect(a, &last, b, err);
	if (rc == 0 && b->seal.rows > 0)
		rc = sign_and_write(a, b, err);
	store_audit_seal_cancel(a->store); /* what is not committed by now */
	return rc;
}

static int
seal_all(const struct audit_sealing *a, struct batch *b, struct audit_sealed *out,
    struct gh_error *err)
{
	int rc;

	while ((rc = seal_batch(a, b, err)) == 0 && b->seal.rows > 0) {
		out->seals++;
		out->rows += b->seal.rows;
		out->last_id = b->seal.id;
		gh_progress_tell(&a->progress, "%lld rows sealed", (long long)out->rows);
		if (b->seal.rows < BATCH_ROWS)
			break;
		if (gh_progress_is_stopping(&a->progress))
			return gh_fail(err, GH_E_BUSY,
			    "stopped after %lld rows; the rest is for the next run",
			    (long long)out->rows);
	}
	return rc;
}

int
audit_seal_new_rows(const struct audit_sealing *a, struct audit_sealed *out, struct gh_error *err)
{
	struct batch *b = malloc(sizeof(*b));
	int rc;

	*out = (struct audit_sealed){0};
	if (b == NULL)
		return gh_fail(err, GH_E_NOMEM, "audit seal");
	rc = seal_all(a, b, out, err);
	free(b);
	return rc;
}
