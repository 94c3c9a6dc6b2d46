/*
 * Three things are compared for each seal: the rows, their leaves, and the signed root. When leaves
 * and root agree, a row that does not give its leaf is wrong, and is named. When they do not, but
 * the rows give the root, the leaves were touched and the rows are right. When neither does, row
 * and leaf were changed together: the seal is named.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "store/audit/audit_seal_row.h"

#include "audit_verify_private.h"

#define WINDOW 50000 /* ids that one statement looks through */

const char *
audit_finding_name(enum audit_finding_kind kind)
{
	static const char *const names[] = {[AUDIT_ROW_CHANGED] = "row_changed",
	    [AUDIT_ROW_REMOVED] = "row_removed",
	    [AUDIT_ROW_MOVED] = "row_moved",
	    [AUDIT_ROW_INSERTED] = "row_inserted",
	    [AUDIT_LEAF_WRONG] = "leaf_wrong",
	    [AUDIT_SEAL_WRONG] = "seal_wrong",
	    [AUDIT_SEAL_MISSING] = "seal_missing",
	    [AUDIT_HEAD_MISSING] = "head_missing",
	    [AUDIT_GRANTS_WRONG] = "grants_wrong"};

	return names[kind];
}

/* --- one seal --------------------------------------------------------------------------------- */

static int
check_leaf(void *arg, const struct store_leaf *leaf, struct gh_error *err)
{
	struct audit_check *c = arg;
	unsigned char now[AUDIT_HASH_SIZE] = {0};
	int rc = 0;

	if (leaf->position != c->position)
		audit_report(c->v, AUDIT_LEAF_WRONG, c->seal.id, 0, 0,
		    "seal %lld: leaves %lld to %d are missing, between rows %lld and %lld",
		    (long long)c->seal.id, (long long)c->position, leaf->position - 1,
		    (long long)c->last_audit_id, (long long)leaf->audit_id);
	else if (leaf->audit_id <= c->last_audit_id)
		audit_report(c->v, AUDIT_LEAF_WRONG, c->seal.id, leaf->audit_id, c->last_audit_id,
		    "seal %lld: the leaves of rows %lld and %lld are out of order",
		    (long long)c->seal.id, (long long)c->last_audit_id, (long long)leaf->audit_id);
	c->position = (int64_t)leaf->position + 1;
	c->last_audit_id = leaf->audit_id;
	audit_tree_add(&c->of_leaves, leaf->hash);
	if (leaf->row != NULL) {
		if ((rc = audit_leaf(leaf->row, now, err)) != 0)
			return rc;
		audit_tree_add(&c->of_rows, now);
	}
	c->v->rows++;
	if (leaf->row == NULL || memcmp(now, leaf->hash, sizeof(now)) != 0)
		rc = audit_suspect_add(c, leaf, err);
	return rc;
}

static int
read_leaves(struct audit_check *c, struct gh_error *err)
{
	int n = STORE_AUDIT_SEAL_PAGE, rc = 0;

	c->position = 0;
	c->last_audit_id = 0;
	memset(&c->of_leaves, 0, sizeof(c->of_leaves));
	memset(&c->of_rows, 0, sizeof(c->of_rows));
	while (rc == 0 && n == STORE_AUDIT_SEAL_PAGE)
		rc = store_audit_seal_leaves(c->store, c->seal.id, c->position, check_leaf, c, &n,
		    err);
	return rc;
}

/* What did not fit among the suspects, on a second look at the seal. */
struct second_look {
	struct audit_check *c;
	bool rows_fit;
	int64_t wrong; /* met so far */
};

static void
report_leaf(struct audit_check *c, int64_t row)
{
	audit_report(c->v, AUDIT_LEAF_WRONG, c->seal.id, row, 0,
	    "seal %lld: the leaf of row %lld was changed; the row is as it was sealed",
	    (long long)c->seal.id, (long long)row);
}

static int
name_leaf(void *arg, const struct store_leaf *leaf, struct gh_error *err)
{
	struct second_look *look = arg;
	struct audit_check *c = look->c;
	unsigned char now[AUDIT_HASH_SIZE] = {0};
	long long row = leaf->audit_id;
	int rc;

	c->position = (int64_t)leaf->position + 1;
	if (leaf->row != NULL && (rc = audit_leaf(leaf->row, now, err)) != 0)
		return rc;
	if (leaf->row != NULL && memcmp(now, leaf->hash, sizeof(now)) == 0)
		return 0;
	if (look->wrong++ < AUDIT_SUSPECTS_MAX)
		return 0;
	if (look->rows_fit)
		report_leaf(c, row);
	else if (leaf->row == NULL)
		audit_report(c->v, AUDIT_ROW_REMOVED, c->seal.id, row, 0, "row %lld was removed",
		    row);
	else
		audit_report(c->v, AUDIT_ROW_CHANGED, c->seal.id, row, 0, "row %lld was changed",
		    row);
	return 0;
}

static int
name_more(struct audit_check *c, bool rows_fit, struct gh_error *err)
{
	struct second_look look = {.c = c, .rows_fit = rows_fit};
	int n = STORE_AUDIT_SEAL_PAGE, rc = 0;

	c->position = 0;
	while (rc == 0 && n == STORE_AUDIT_SEAL_PAGE && c->more_suspects > 0)
		rc = store_audit_seal_leaves(c->store, c->seal.id, c->position, name_leaf, &look,
		    &n, err);
	return rc;
}

/* What the rows and leaves of this seal say against its root. */
static int
judge_leaves(struct audit_check *c, struct gh_error *err)
{
	unsigned char leaves[AUDIT_HASH_SIZE], rows[AUDIT_HASH_SIZE];
	bool leaves_fit, rows_fit;
	int rc = audit_tree_root(&c->of_leaves, leaves, err);

	if (rc == 0)
		rc = audit_tree_root(&c->of_rows, rows, err);
	if (rc != 0)
		return rc;
	leaves_fit = memcmp(leaves, c->seal.root, sizeof(leaves)) == 0;
	rows_fit = !leaves_fit && memcmp(rows, c->seal.root, sizeof(rows)) == 0;
	for (int i = 0; i < c->suspects; i++) {
		if (rows_fit)
			report_leaf(c, c->suspect[i].audit_id);
		else
			audit_suspect_report(c, &c->suspect[i]);
	}
	if (!leaves_fit && !rows_fit)
		audit_report(c->v, AUDIT_LEAF_WRONG, c->seal.id, 0, 0,
		    "seal %lld: its %lld rows up to %lld do not give the sealed root: rows were changed or removed together "
		    "with their leaves",
		    (long long)c->seal.id, (long long)c->seal.rows, (long long)c->last_audit_id);
	return name_more(c, rows_fit, err);
}

static bool
is_signed(const struct audit_verify *v, const struct audit_seal *seal, bool *known)
{
	unsigned char id[AUDIT_HASH_SIZE];

	*known = false;
	for (size_t i = 0; i < v->keys; i++) {
		if (!gh_digest(GH_SHA256, v->key[i].spki, v->key[i].len, id) ||
		    memcmp(id, seal->key_id, sizeof(id)) != 0)
			continue;
		*known = true;
		if (audit_seal_is_signed(seal, v->key[i].spki, v->key[i].len))
			return true;
	}
	return false;
}

/* Head, signature, and the link to the seal before (which may be unknown when it is missing). */
static int
check_seal(struct audit_check *c, const struct audit_seal *before, struct gh_error *err)
{
	const struct audit_seal *seal = &c->seal;
	unsigned char head[AUDIT_HASH_SIZE];
	long long id = seal->id;
	bool known, linked = before->id == seal->id - 1 && c->has_before;
	int rc = audit_seal_head(seal, head, err);

	if (rc != 0)
		return rc;
	if (memcmp(head, seal->head, sizeof(head)) != 0)
		audit_report(c->v, AUDIT_SEAL_WRONG, id, 0, 0,
		    "seal %lld: it was changed: its head does not follow from it", id);
	else if (!is_signed(c->v, seal, &known))
		audit_report(c->v, AUDIT_SEAL_WRONG, id, 0, 0,
		    known ? "seal %lld: its signature is wrong"
			  : "seal %lld: it is signed by a key that was not given",
		    id);
	if (linked && memcmp(seal->previous, before->head, sizeof(before->head)) != 0)
		audit_report(c->v, AUDIT_SEAL_WRONG, id, 0, 0,
		    "seal %lld: it does not follow seal %lld", id, id - 1);
	if (linked && seal->max_id < before->max_id)
		audit_report(c->v, AUDIT_SEAL_WRONG, id, 0, 0,
		    "seal %lld: its last row lies before those of seal %lld", id, id - 1);
	return 0;
}

static int
check_one(struct audit_check *c, const struct audit_seal *before, struct gh_error *err)
{
	const struct audit_seal *seal = &c->seal;
	int rc = check_seal(c, before, err);

	if (rc == 0)
		rc = read_leaves(c, err);
	if (rc == 0 && c->position != seal->rows)
		audit_report(c->v, AUDIT_LEAF_WRONG, seal->id, 0, 0,
		    "seal %lld: it had %lld rows, and %lld are there", (long long)seal->id,
		    (long long)seal->rows, (long long)c->position);
	if (rc == 0)
		rc = judge_leaves(c, err);
	audit_suspects_drop(c);
	if (rc == 0 && c->v->expected_head != NULL &&
	    memcmp(c->v->expected_head, seal->head, AUDIT_HASH_SIZE) == 0)
		c->v->expected_head = NULL; /* found */
	return rc;
}

/* --- all seals -------------------------------------------------------------------------------- */

static void
report_gap(struct audit_check *c, int64_t before, int64_t next)
{
	c->has_gap = true;
	if (next == before + 2)
		audit_report(c->v, AUDIT_SEAL_MISSING, before + 1, 0, 0, "seal %lld was removed",
		    (long long)before + 1);
	else
		audit_report(c->v, AUDIT_SEAL_MISSING, before + 1, 0, 0,
		    "seals %lld to %lld were removed", (long long)before + 1, (long long)next - 1);
}

/* Neither the seal to begin with nor the one before it, and none behind: nothing was verified. */
static void
report_no_start(struct audit_check *c)
{
	struct audit_verify *v = c->v;

	audit_report(v, AUDIT_SEAL_MISSING, v->from, 0, 0,
	    "there is no seal %lld, and none after it: the end of the chain was "
	    "removed, or this number is too large",
	    (long long)v->from);
	memset(&v->last, 0, sizeof(v->last));
}

/* Where to begin: *before is the seal before the first one. */
static int
find_start(struct audit_check *c, struct audit_seal *before, struct gh_error *err)
{
	int64_t from = c->v->from;
	int rc = 0;

	memset(before, 0, sizeof(*before));
	c->has_before = true; /* seal 1 follows nothing: zeros */
	if (from <= 1)
		return 0;
	rc = store_audit_seal_next(c->store, from - 2, before, err);
	if (rc == 0 && before->id != from - 1) {
		memset(before, 0, sizeof(*before));
		before->id = from - 1;
		c->has_before = false;
	}
	return rc;
}

static bool
is_enough(struct audit_verify *v)
{
	v->has_more = v->is_enough != NULL && v->is_enough(v->arg);
	return v->has_more;
}

static int
check_seals(struct audit_check *c, struct gh_error *err)
{
	struct audit_verify *v = c->v;
	struct audit_seal *seal = &c->seal;
	int rc = 0;

	while (rc == 0) {
		rc = store_audit_seal_next(c->store, v->last.id, seal, err);
		if (rc != 0 || seal->id == 0)
			break;
		if (seal->id != v->last.id + 1)
			report_gap(c, v->last.id, seal->id);
		rc = check_one(c, &v->last, err);
		v->last = *seal;
		c->has_before = true;
		v->seals++;
		if (v->progress != NULL)
			v->progress(v->arg, v->seals, v->rows);
		if (rc == 0 && is_enough(v))
			break;
	}
	return rc;
}

/* --- rows without a seal ---------------------------------------------------------------------- */

struct unsealed {
	struct audit_check *c;
	int64_t too_old_us; /* a row below the last seal that is older came in by hand */
	int64_t last_id;
};

static int
judge_unsealed(void *arg, const struct audit_row *row, struct gh_error *err)
{
	struct unsealed *u = arg;
	struct audit_verify *v = u->c->v;

	(void)err;
	u->last_id = row->id;
	if (row->id > v->last.max_id ||
	    (row->at_us >= u->too_old_us && row->id > v->last.max_id - STORE_AUDIT_SEAL_MARGIN))
		v->unsealed++;
	else
		audit_report(v, AUDIT_ROW_INSERTED, 0, row->id, 0,
		    u->c->has_gap
			? "row %lld among sealed rows has no seal: it was inserted, or its seal was removed"
			: "row %lld was inserted among sealed rows",
		    (long long)row->id);
	return 0;
}

static int
check_unsealed(struct audit_check *c, struct gh_error *err)
{
	struct audit_verify *v = c->v;
	struct unsealed u = {.c = c,
	    .too_old_us = (v->last.sealed_at - STORE_AUDIT_SEAL_LATE_SECONDS) * 1000000};
	int64_t max_id;
	int n, rc = store_audit_extent(c->store, &max_id, err);

	while (rc == 0 && v->next_row <= max_id) {
		int64_t first = v->next_row;
		int64_t last = max_id - first >= WINDOW ? first + WINDOW - 1 : max_id;

		rc = store_audit_unsealed(c->store, first, last, judge_unsealed, &u, &n, err);
		v->next_row = n == STORE_AUDIT_SEAL_PAGE ? u.last_id + 1 : last + 1;
		if (rc == 0 && v->next_row <= max_id && is_enough(v))
			break;
	}
	return rc;
}

/* Behind the last seal. named: the largest one that leaves named when this call began. */
static int
check_end(struct audit_check *c, int64_t named, struct gh_error *err)
{
	if (named > c->v->last.id)
		report_gap(c, c->v->last.id, named + 1);
	if (c->v->seals == 0 && !c->has_before)
		report_no_start(c);
	return check_unsealed(c, err);
}

int
audit_verify(struct store *store, struct audit_verify *v, struct gh_error *err)
{
	struct audit_check c = {.store = store, .v = v};
	bool has_expected = v->expected_head != NULL;
	int64_t named;
	int rc;

	v->seals = v->rows = v->unsealed = v->findings = 0;
	v->has_more = false;
	if ((c.suspect = calloc(AUDIT_SUSPECTS_MAX, sizeof(*c.suspect))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "audit verify");
	rc = store_audit_seal_of_leaves(store, &named, err); /* first: seals go on being made */
	if (rc == 0)
		rc = find_start(&c, &v->last, err);
	if ((v->next_row = v->unsealed_from) == 0)
		v->next_row = v->last.max_id > STORE_AUDIT_SEAL_MARGIN
		    ? v->last.max_id - STORE_AUDIT_SEAL_MARGIN
		    : 1;
	if (rc == 0)
		rc = check_seals(&c, err);
	if (rc == 0 && !v->has_more)
		rc = check_end(&c, named, err);
	if (rc == 0 && !v->has_more && has_expected && v->expected_head != NULL)
		audit_report(v, AUDIT_HEAD_MISSING, 0, 0, 0,
		    "no seal has the expected head: seals were removed at the end or "
		    "replaced");
	free(c.suspect);
	return rc;
}
