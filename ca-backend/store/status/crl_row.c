/* CRLs being made. The body goes into the database while it is made, so that no node needs room for
 * it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crl_row.h"
#include "crl_private.h"

/* A statement about a million rows, and the removal of large bodies, may take longer than a
 * request's. */
#define MAKER_TIMEOUT_MS 120000
#define LOCK_BASE INT64_C(0x43524c0000000000) /* "CRL"; plus the CA's row */
/* A revocation is one statement: it can be seen so long after the time it bears, at the latest. */
#define SETTLE_SECONDS 10

struct store_crl_maker {
	struct store *write; /* lock and transaction */
	struct store *read;  /* streams the revocations */
};

int
store_crl_open(const struct store *s, struct store_crl_maker **out, struct gh_error *err)
{
	struct store_crl_maker *m = calloc(1, sizeof(*m));
	int rc;

	*out = NULL;
	if (m == NULL)
		return gh_fail(err, GH_E_NOMEM, "CRL");
	rc = store_new(s->conninfo, MAKER_TIMEOUT_MS, &m->write, err);
	if (rc == 0)
		rc = store_new(s->conninfo, MAKER_TIMEOUT_MS, &m->read, err);
	if (rc != 0) {
		store_crl_close(m);
		return rc;
	}
	m->write->login = m->read->login = s->login;
	*out = m;
	return 0;
}

void
store_crl_close(struct store_crl_maker *m)
{
	if (m == NULL)
		return;
	store_free(m->write);
	store_free(m->read);
	free(m);
}

void
store_crl_rollback(struct store_crl_maker *m)
{
	store_rollback(m->write);
}

void
store_crl_fill(const PGresult *res, int row, int col, struct store_crl *out)
{
	unsigned char *sum = NULL;
	size_t len;

	memset(out, 0, sizeof(*out));
	if (!store_has(res, row, col))
		return;
	out->id = store_int(res, row, col);
	out->scope.ca_id = store_int(res, row, col + 1);
	out->scope.shard = (int)store_int(res, row, col + 2);
	out->is_delta = store_bool(res, row, col + 3);
	out->number = store_int(res, row, col + 4);
	out->base_number = store_int(res, row, col + 5);
	out->this_update = store_int(res, row, col + 6);
	out->next_update = store_int(res, row, col + 7);
	out->entries = store_int(res, row, col + 8);
	out->size = store_int(res, row, col + 9);
	out->is_published = store_bool(res, row, col + 10);
	if (store_bytes(res, row, col + 11, &sum, &len, NULL) == 0 && len == sizeof(out->sha256))
		memcpy(out->sha256, sum, len);
	free(sum);
}

static int
lock_ca(struct store *s, int64_t ca_id, struct gh_error *err)
{
	static const struct store_statement st = {"crl_lock",
	    "SELECT pg_try_advisory_xact_lock($1)"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, LOCK_BASE + ca_id);
	rc = store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	if (rc == 0 && !store_bool(res, 0, 0))
		rc = gh_refuse(err, GH_E_BUSY, "another process is making a CRL of this CA");
	PQclear(res);
	return rc;
}

/* After the lock, so that it sees what the one before committed. */
static int
read_state(struct store *s, const struct store_crl_scope *scope, struct store_crl_state *out,
    struct gh_error *err)
{
	static const struct store_statement st = {"crl_state",
	    "WITH mine AS (SELECT * FROM crl WHERE ca_id = $1::bigint AND coalesce(shard, -1) = $2::int), "
	    "f AS (SELECT * FROM mine c WHERE NOT is_delta ORDER BY number DESC LIMIT 1), "
	    "d AS (SELECT * FROM mine c WHERE is_delta ORDER BY number DESC LIMIT 1), "
	    "b AS (SELECT * FROM mine c WHERE NOT is_delta AND next_update > clock_timestamp() "
	    "  ORDER BY number LIMIT 1) "
	    "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint, "
	    "greatest(f.number, d.number, (SELECT number FROM crl_number_floor WHERE ca_id = $1::bigint)), "
	    "r.changed_at IS NOT NULL, r.changed_at <= clock_timestamp() - make_interval(secs => $3::int), " STORE_CRL_COLUMNS(
		"f") ", " STORE_CRL_COLUMNS("d") ", " STORE_CRL_COLUMNS("b") " FROM (SELECT 1) AS one LEFT JOIN f ON true LEFT JOIN d ON true LEFT JOIN b ON true, "
									     "LATERAL (SELECT max(changed_at) AS changed_at FROM revocation WHERE ca_id = $1 AND ($2 = -1 OR shard = $2) "
									     "  AND changed_at > coalesce(greatest(f.this_update, d.this_update), '-infinity') "
									     "  - make_interval(secs => $3::int)) AS r"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, scope->ca_id);
	store_put_int(&p, scope->shard);
	store_put_int(&p, SETTLE_SECONDS);
	rc = store_run(s, &st, &p, &res, err);
	store_params_clear(&p);
	if (rc == 0) {
		out->now = store_int(res, 0, 0);
		out->last_number = store_int(res, 0, 1);
		out->is_changed = store_bool(res, 0, 2);
		out->is_settled = store_bool(res, 0, 3);
		store_crl_fill(res, 0, 4, &out->full);
		store_crl_fill(res, 0, 4 + STORE_CRL_COLUMNS_N, &out->delta);
		store_crl_fill(res, 0, 4 + 2 * STORE_CRL_COLUMNS_N, &out->base);
	}
	PQclear(res);
	return rc;
}

int
store_crl_begin(struct store_crl_maker *m, const struct store_crl_scope *scope,
    struct store_crl_state *out, struct gh_error *err)
{
	int rc = store_begin(m->write, err);

	memset(out, 0, sizeof(*out));
	if (rc == 0)
		rc = lock_ca(m->write, scope->ca_id, err);
	if (rc == 0)
		rc = read_state(m->write, scope, out, err);
	if (rc != 0)
		store_rollback(m->write);
	return rc;
}

/* --- entries ---------------------------------------------------------------------------------- */

struct entries {
	int (*entry)(void *arg, const struct crl_entry *e, struct gh_error *err);
	void *arg;
};

static int
take_entry(void *arg, const struct store_field *f, struct gh_error *err)
{
	const struct entries *to = arg;
	struct crl_entry e = {.serial = f[0].p,
	    .serial_len = f[0].len > 0 ? (size_t)f[0].len : 0,
	    .revoked_at = store_field_time(&f[1]),
	    .reason = (int)store_field_int(&f[2]),
	    .has_invalidity = f[3].len >= 0,
	    .invalidity = f[3].len >= 0 ? store_field_time(&f[3]) : 0};

	return to->entry(to->arg, &e, err);
}

/* COPY takes no parameters: the statement holds numbers of ours, and nothing else. */
static void
write_selection(const struct store_crl_selection *sel, char *sql, size_t size)
{
	char shard[40] = "", since[80] = " AND removed_at IS NULL";

	if (sel->scope.shard != STORE_CRL_COMPLETE)
		snprintf(shard, sizeof(shard), " AND shard = %d", sel->scope.shard);
	if (sel->is_delta)
		snprintf(since, sizeof(since), " AND changed_at >= to_timestamp(%lld)",
		    (long long)sel->changed_since);
	snprintf(sql, size,
	    "SELECT serial, revoked_at, CASE WHEN removed_at IS NULL THEN reason ELSE %d END, "
	    "CASE WHEN removed_at IS NULL THEN invalidity_date END FROM revocation WHERE ca_id = %lld%s%s "
	    "AND not_after >= to_timestamp(%lld)",
	    CRL_REASON_REMOVE, (long long)sel->scope.ca_id, shard, since,
	    (long long)sel->not_after);
}

int
store_crl_entries(struct store_crl_maker *m, const struct store_crl_selection *sel,
    int (*entry)(void *arg, const struct crl_entry *e, struct gh_error *err), void *arg,
    struct gh_error *err)
{
	struct entries to = {entry, arg};
	char sql[512];

	write_selection(sel, sql, sizeof(sql));
	return store_copy(m->read, sql, 4, take_entry, &to, err);
}

/* --- writing ---------------------------------------------------------------------------------- */

int
store_crl_insert(struct store_crl_maker *m, struct store_crl *crl, struct gh_error *err)
{
	static const struct store_statement st = {"crl_insert",
	    "INSERT INTO crl (ca_id, shard, is_delta, number, base_number, this_update, next_update, entries, size, "
	    "sha256) VALUES ($1, nullif($2::int, -1), $3, $4, nullif($5::bigint, 0), to_timestamp($6::bigint), "
	    "to_timestamp($7::bigint), 0, 0, '') RETURNING id"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	store_put_int(&p, crl->scope.ca_id);
	store_put_int(&p, crl->scope.shard);
	store_put_bool(&p, crl->is_delta);
	store_put_int(&p, crl->number);
	store_put_int(&p, crl->base_number);
	store_put_int(&p, crl->this_update);
	store_put_int(&p, crl->next_update);
	rc = store_write(m->write, &st, &p, "this CRL number is taken", &res, err);
	crl->id = rc == 0 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

int
store_crl_put_part(struct store_crl_maker *m, int64_t id, int seq, const void *data, size_t len,
    struct gh_error *err)
{
	static const struct store_statement st = {"crl_part",
	    "INSERT INTO crl_part (crl_id, seq, data) VALUES ($1, $2, $3)"};
	struct store_params p = {0};

	store_put_int(&p, id);
	store_put_int(&p, seq);
	store_put_bytes(&p, data, len);
	return store_do_once(m->write, &st, &p, "this part is there already", err);
}

struct parts {
	int (*part)(void *arg, const unsigned char *p, size_t len, struct gh_error *err);
	void *arg;
};

static int
take_part(void *arg, const struct store_field *f, struct gh_error *err)
{
	const struct parts *to = arg;

	return f[0].len < 0 ? gh_fail(err, GH_E_DB, "part of a CRL is null")
			    : to->part(to->arg, f[0].p, (size_t)f[0].len, err);
}

int
store_crl_copy_parts(struct store *s, int64_t id, int first,
    int (*part)(void *arg, const unsigned char *p, size_t len, struct gh_error *err), void *arg,
    struct gh_error *err)
{
	struct parts to = {part, arg};
	char sql[128];

	snprintf(sql, sizeof(sql),
	    "SELECT data FROM crl_part WHERE crl_id = %lld AND seq >= %d ORDER BY seq",
	    (long long)id, first);
	return store_copy(s, sql, 1, take_part, &to, err);
}

int
store_crl_read_parts(struct store_crl_maker *m, int64_t id, int first,
    int (*part)(void *arg, const unsigned char *p, size_t len, struct gh_error *err), void *arg,
    struct gh_error *err)
{
	return store_crl_copy_parts(m->write, id, first, part, arg, err);
}

static int
complete_row(struct store *s, const struct store_crl *crl, struct gh_error *err)
{
	static const struct store_statement st = {"crl_complete",
	    "UPDATE crl SET entries = $2, size = $3, sha256 = $4 WHERE id = $1"};
	struct store_params p = {0};

	store_put_int(&p, crl->id);
	store_put_int(&p, crl->entries);
	store_put_int(&p, crl->size);
	store_put_bytes(&p, crl->sha256, sizeof(crl->sha256));
	return store_do_once(s, &st, &p, "CRL", err);
}

/* The body before the newest stays for those who are reading it; rows without body stay for 30 days
 * after their end, as history and as bases of deltas. */
static int
remove_old(struct store *s, const struct store_crl *crl, struct gh_error *err)
{
	static const struct store_statement st = {"crl_remove_old",
	    "WITH old AS (SELECT id, next_update FROM crl WHERE ca_id = $1 AND coalesce(shard, -1) = $2::int AND "
	    "  is_delta = $3 ORDER BY number DESC OFFSET 2), "
	    "gone AS (DELETE FROM crl WHERE id IN (SELECT id FROM old "
	    "  WHERE next_update < now() - interval '30 days')) "
	    "DELETE FROM crl_part WHERE crl_id IN (SELECT id FROM old)"};
	struct store_params p = {0};

	store_put_int(&p, crl->scope.ca_id);
	store_put_int(&p, crl->scope.shard);
	store_put_bool(&p, crl->is_delta);
	return store_do_once(s, &st, &p, "CRL", err);
}

int
store_crl_commit(struct store_crl_maker *m, const struct store_crl *crl,
    const struct store_audit *audit, struct gh_error *err)
{
	int rc;

	if ((rc = complete_row(m->write, crl, err)) != 0 ||
	    (rc = remove_old(m->write, crl, err)) != 0 ||
	    (rc = store_audit(m->write, audit, err)) != 0) {
		store_rollback(m->write);
		return rc;
	}
	return store_commit(m->write, err);
}
