/* Seals of the audit trail: writing one in one transaction, reading them again. */
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#include "store/store_private.h"
#include "audit_seal_row.h"

#define LOCK_KEY "7449365091338450803" /* of whoever seals, for the length of its transaction */
#define SEALS \
	"id, rows, max_id, root, previous, head, signature, key_id, extract(epoch FROM sealed_at)::bigint"
/* A time that was tampered with may be beyond what fits. */
#define ROW_COLUMNS \
	"a.id, CASE WHEN a.at BETWEEN '1970-01-01' AND '9999-01-01' THEN (extract(epoch FROM a.at) * 1000000)::bigint " \
	"ELSE -1 END, a.event, a.outcome, a.actor, a.actor_kind, a.app, a.address, a.request_id, a.object, a.detail"
#define ROW_COLUMNS_N 11
#define IDS_MAX (STORE_AUDIT_SEAL_PAGE * 24)

static const char *
text_or_null(const PGresult *res, int row, int col)
{
	return store_has(res, row, col) ? store_text(res, row, col) : NULL;
}

/* Columns from col on are ROW_COLUMNS. */
static void
fill_row(const PGresult *res, int i, int col, struct audit_row *row)
{
	row->id = store_int(res, i, col);
	row->at_us = store_int(res, i, col + 1);
	row->event = text_or_null(res, i, col + 2);
	row->outcome = text_or_null(res, i, col + 3);
	row->actor = text_or_null(res, i, col + 4);
	row->actor_kind = store_int(res, i, col + 5);
	row->app = text_or_null(res, i, col + 6);
	row->address = text_or_null(res, i, col + 7);
	row->request_id = text_or_null(res, i, col + 8);
	row->object = text_or_null(res, i, col + 9);
	row->detail = text_or_null(res, i, col + 10);
}

static int
read_fixed(const PGresult *res, int i, int col, unsigned char *out, size_t size,
    struct gh_error *err)
{
	unsigned char *b;
	size_t len;
	int rc = store_bytes(res, i, col, &b, &len, err);

	memset(out, 0, size);
	if (rc == 0 && len == size)
		memcpy(out, b, size);
	free(b);
	return rc;
}

/* A statement's row is one seal, or there is none. Releases res. */
static int
take_seal(PGresult *res, struct audit_seal *out, struct gh_error *err)
{
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (PQntuples(res) == 1) {
		out->id = store_int(res, 0, 0);
		out->rows = store_int(res, 0, 1);
		out->max_id = store_int(res, 0, 2);
		rc = read_fixed(res, 0, 3, out->root, sizeof(out->root), err);
		if (rc == 0)
			rc = read_fixed(res, 0, 4, out->previous, sizeof(out->previous), err);
		if (rc == 0)
			rc = read_fixed(res, 0, 5, out->head, sizeof(out->head), err);
		if (rc == 0)
			rc = read_fixed(res, 0, 6, out->signature, sizeof(out->signature), err);
		if (rc == 0)
			rc = read_fixed(res, 0, 7, out->key_id, sizeof(out->key_id), err);
		out->sealed_at = store_int(res, 0, 8);
	}
	PQclear(res);
	return rc;
}

/* The first column of a statement without parameters. */
static int
read_number(struct store *s, const struct store_statement *st, int64_t *out, struct gh_error *err)
{
	struct store_params p = {0};

	return store_read_int(s, st, &p, out, err);
}

/* --- sealing ---------------------------------------------------------------------------------- */

static int
wait_for_lock(struct store *s, struct gh_error *err)
{
	static const struct store_statement st = {"seal_lock",
	    "SELECT pg_advisory_xact_lock(" LOCK_KEY ")"};
	struct store_params p = {0};
	PGresult *res;
	int rc = store_run(s, &st, &p, &res, err);

	PQclear(res);
	return rc;
}

int
store_audit_seal_begin(struct store *s, struct audit_seal *last, int64_t *now, struct gh_error *err)
{
	static const struct store_statement st = {"seal_last",
	    "SELECT " SEALS " FROM audit_seal ORDER BY id DESC LIMIT 1"};
	static const struct store_statement clock = {"seal_now",
	    "SELECT extract(epoch FROM clock_timestamp())::bigint"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(last, 0, sizeof(*last));
	*now = 0;
	if ((rc = store_begin(s, err)) != 0)
		return rc;
	rc = wait_for_lock(s, err);
	if (rc == 0)
		rc = store_run(s, &st, &p, &res, err);
	if (rc == 0)
		rc = take_seal(res, last, err);
	if (rc == 0)
		rc = read_number(s, &clock, now, err);
	if (rc != 0)
		store_rollback(s);
	return rc;
}

void
store_audit_seal_cancel(struct store *s)
{
	store_rollback(s);
}

static int
each_row(PGresult *res, store_audit_fn fn, void *arg, int *n, struct gh_error *err)
{
	struct audit_row row;
	int rc = 0;

	*n = PQntuples(res);
	for (int i = 0; rc == 0 && i < *n; i++) {
		fill_row(res, i, 0, &row);
		rc = fn(arg, &row, err);
	}
	PQclear(res);
	return rc;
}

/* Both sides of the search are told where to begin, whatever plan is chosen. */
int
store_audit_seal_unsealed(struct store *s, const struct audit_seal *last, int64_t after_id,
    int limit, store_audit_fn fn, void *arg, int *n, struct gh_error *err)
{
	static const struct store_statement st = {"seal_unsealed",
	    "SELECT " ROW_COLUMNS " FROM audit a "
	    "WHERE a.id > $1::bigint AND (a.id > $2::bigint OR a.at >= to_timestamp($3::bigint)) "
	    "AND NOT EXISTS (SELECT FROM audit_leaf l WHERE l.audit_id = a.id AND l.audit_id > $1::bigint) "
	    "ORDER BY a.id LIMIT $4::int"};
	int64_t floor = last->max_id - STORE_AUDIT_SEAL_MARGIN;
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*n = 0;
	store_put_int(&p, after_id > floor ? after_id : floor);
	store_put_int(&p, last->max_id);
	store_put_int(&p, last->sealed_at - STORE_AUDIT_SEAL_LATE_SECONDS);
	store_put_int(&p, limit);
	rc = store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	return rc == 0 ? each_row(res, fn, arg, n, err) : rc;
}

int
store_audit_seal_add(struct store *s, int64_t seal_id, int first_position,
    const struct store_leaves *leaves, struct gh_error *err)
{
	static const struct store_statement st = {"seal_add",
	    "INSERT INTO audit_leaf (audit_id, seal_id, position, hash) "
	    "SELECT t.id, $3::bigint, ($4::int + t.n - 1)::int, substring($2::bytea FROM ((t.n - 1) * 32 + 1)::int FOR 32) "
	    "FROM unnest($1::bigint[]) WITH ORDINALITY AS t(id, n)"};
	struct store_params p = {0};
	struct gh_buf ids;
	PGresult *res;
	int rc;

	gh_buf_init(&ids, IDS_MAX);
	for (int i = 0; i < leaves->n; i++)
		gh_buf_putf(&ids, "%c%lld", i == 0 ? '{' : ',', (long long)leaves->id[i]);
	gh_buf_putc(&ids, '}');
	if ((rc = gh_buf_check(&ids, err)) == 0) {
		store_put_text(&p, (const char *)ids.data);
		store_put_bytes(&p, leaves->hash, (size_t)leaves->n * AUDIT_HASH_SIZE);
		store_put_int(&p, seal_id);
		store_put_int(&p, first_position);
		rc = store_run(s, &st, &p, &res, err);
		store_params_clear(&p);
		PQclear(res);
	}
	gh_buf_free(&ids);
	return rc;
}

int
store_audit_seal_end(struct store *s, const struct audit_seal *seal, struct gh_error *err)
{
	static const struct store_statement st = {"seal_insert",
	    "INSERT INTO audit_seal (id, rows, max_id, root, previous, head, signature, key_id, sealed_at) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, to_timestamp($9::bigint))"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, seal->id);
	store_put_int(&p, seal->rows);
	store_put_int(&p, seal->max_id);
	store_put_bytes(&p, seal->root, sizeof(seal->root));
	store_put_bytes(&p, seal->previous, sizeof(seal->previous));
	store_put_bytes(&p, seal->head, sizeof(seal->head));
	store_put_bytes(&p, seal->signature, sizeof(seal->signature));
	store_put_bytes(&p, seal->key_id, sizeof(seal->key_id));
	store_put_int(&p, seal->sealed_at);
	rc = store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	PQclear(res);
	return rc == 0 ? store_commit(s, err) : rc;
}

/* --- verifying -------------------------------------------------------------------------------- */

int
store_audit_seal_next(struct store *s, int64_t after, struct audit_seal *out, struct gh_error *err)
{
	static const struct store_statement st = {"seal_next",
	    "SELECT " SEALS " FROM audit_seal WHERE id > $1 ORDER BY id LIMIT 1"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	store_put_int(&p, after);
	rc = store_read(s, &st, &p, &res, err);
	return rc == 0 ? take_seal(res, out, err) : rc;
}

int
store_audit_seal_leaves(struct store *s, int64_t seal_id, int64_t from, store_leaf_fn fn, void *arg,
    int *n, struct gh_error *err)
{
	static const struct store_statement st = {"seal_leaves",
	    "SELECT l.audit_id, l.position, l.hash, " ROW_COLUMNS
	    " FROM audit_leaf l LEFT JOIN audit a "
	    "ON a.id = l.audit_id WHERE l.seal_id = $1 AND l.position >= $2::bigint ORDER BY l.position LIMIT $3::int"};
	struct store_params p = {0};
	struct audit_row row;
	PGresult *res;
	int rc;

	*n = 0;
	store_put_int(&p, seal_id);
	store_put_int(&p, from);
	store_put_int(&p, STORE_AUDIT_SEAL_PAGE);
	if ((rc = store_read(s, &st, &p, &res, err)) != 0)
		return rc;
	*n = PQntuples(res);
	for (int i = 0; rc == 0 && i < *n; i++) {
		struct store_leaf leaf = {.audit_id = store_int(res, i, 0),
		    .position = (int)store_int(res, i, 1)};

		rc = read_fixed(res, i, 2, leaf.hash, sizeof(leaf.hash), err);
		fill_row(res, i, 3, &row);
		leaf.row = store_has(res, i, 3) ? &row : NULL;
		if (rc == 0)
			rc = fn(arg, &leaf, err);
	}
	PQclear(res);
	return rc;
}

int
store_audit_unsealed(struct store *s, int64_t first, int64_t last, store_audit_fn fn, void *arg,
    int *n, struct gh_error *err)
{
	static const struct store_statement st = {"audit_unsealed",
	    "SELECT " ROW_COLUMNS " FROM audit a "
	    "WHERE a.id BETWEEN $1::bigint AND $2::bigint AND NOT EXISTS (SELECT FROM audit_leaf l "
	    "WHERE l.audit_id = a.id AND l.audit_id BETWEEN $1::bigint AND $2::bigint) ORDER BY a.id LIMIT $3::int"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*n = 0;
	store_put_int(&p, first);
	store_put_int(&p, last);
	store_put_int(&p, STORE_AUDIT_SEAL_PAGE);
	rc = store_read(s, &st, &p, &res, err);
	return rc == 0 ? each_row(res, fn, arg, n, err) : rc;
}

int
store_audit_extent(struct store *s, int64_t *max_id, struct gh_error *err)
{
	static const struct store_statement st = {"audit_extent", "SELECT max(id) FROM audit"};

	return read_number(s, &st, max_id, err);
}

int
store_audit_seal_of_leaves(struct store *s, int64_t *seal_id, struct gh_error *err)
{
	static const struct store_statement st = {"seal_of_leaves",
	    "SELECT max(seal_id) FROM audit_leaf"};

	return read_number(s, &st, seal_id, err);
}

int
store_audit_count_unsealed(struct store *s, int64_t *out, struct gh_error *err)
{
	/* rows far below the last seal are sealed; $1: how far */
	static const struct store_statement st = {"seal_count",
	    "SELECT count(*) FROM audit a WHERE a.id > COALESCE((SELECT max_id FROM audit_seal ORDER BY id DESC LIMIT 1), 0) "
	    "- $1::bigint AND NOT EXISTS (SELECT FROM audit_leaf l WHERE l.audit_id = a.id)"};
	struct store_params p = {0};

	store_put_int(&p, STORE_AUDIT_SEAL_MARGIN);
	return store_read_int(s, &st, &p, out, err);
}
