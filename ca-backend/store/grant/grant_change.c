/* Rows that grant rights: changing them. See grant.h. What is sealed is what the caller meant to
 * write, not what the database says it has: a trigger that changes the row makes it one that does
 * not fit its MAC. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "hex.h"
#include "grant_private.h"

#define SQL_MAX (16 * 1024)
#define REVISION_MAX (INT64_C(1) << 62)
#define ID_MASK ((UINT64_C(1) << 52) - 1) /* what a number of JSON holds in any program */
/* Of whoever changes them, for the length of its transaction. An arbitrary number. */
#define LOCK_KEY "7449365091338450804"

/* A statement without a result. */
static int
write_row(struct store *s, const struct store_statement *st, struct store_params *p,
    struct gh_error *err)
{
	PGresult *res;
	int rc = store_write(s, st, p, "Conflict.", &res, err);

	PQclear(res);
	return rc;
}

int
grant_lock(struct store *s, struct gh_error *err)
{
	static const struct store_statement st = {"grant_lock",
	    "SELECT pg_advisory_xact_lock(" LOCK_KEY ")"};
	struct store_params p = {0};

	return write_row(s, &st, &p, err);
}

int
grant_begin(struct store *s, struct grants *g, struct gh_error *err)
{
	struct gh_error own;
	int rc;

	if (err == NULL)
		err = &own;
	memset(g, 0, sizeof(*g));
	if ((rc = grant_lock(s, err)) != 0 || (rc = grant_load_checked(s, GRANT_ALL, g, err)) == 0)
		return rc;
	if (rc == GH_E_SEAL)
		store_rollback(s); /* else the audit row would go with it */
	return grant_tell(s, rc, err);
}

/*
 * Requests name these by their numbers for longer than they are there. Whoever writes the database
 * can set a sequence back, so that the next one would be taken for one that was removed.
 */
static bool
is_outlived(enum grant_table t)
{
	return t == GRANT_EST_USER || t == GRANT_EST_DEVICE || t == GRANT_CMC_SECRET;
}

static int
draw_id(int64_t *id, struct gh_error *err)
{
	uint64_t n;

	*id = 0;
	if (RAND_bytes((unsigned char *)&n, sizeof(n)) != 1)
		return gh_fail(err, GH_E_INTERNAL, "no random numbers");
	*id = (int64_t)(n & ID_MASK) + 1;
	return 0;
}

int
grant_new_id(struct store *s, enum grant_table t, int64_t *id, struct gh_error *err)
{
	static const struct store_statement st = {"grant_new_id",
	    "SELECT nextval(pg_get_serial_sequence($1, 'id'))"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	if (is_outlived(t))
		return draw_id(id, err);
	store_put_text(&p, grant_table_name(t));
	rc = store_read(s, &st, &p, &res, err);
	*id = rc == 0 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

/* --- one row ---------------------------------------------------------------------------------- */

/* The sealed columns alone, in any order and with null for what is absent, but for later ones. */
static gh_json *
sealed_part(enum grant_table t, const gh_json *row)
{
	gh_json *out = gh_json_new_object();
	const char *name;

	for (size_t i = 0; out != NULL && (name = grant_table_column(t, i)) != NULL; i++) {
		gh_json *v = gh_json_get(row, name);

		if (gh_json_type(v) == GH_JSON_NULL && grant_table_is_later(t, i))
			continue;
		if (gh_json_set(out, name, v != NULL ? gh_json_ref(v) : gh_json_new_string(NULL)) !=
		    0) {
			gh_json_free(out);
			out = NULL;
		}
	}
	return out;
}

static int
store_row(struct store *s, enum grant_table t, bool is_new, const gh_json *row, const char *taken,
    struct gh_error *err)
{
	struct store_statement st = {NULL, NULL};
	struct store_params p = {0};
	PGresult *res = NULL;
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, SQL_MAX);
	if (is_new)
		grant_table_put_insert(&b, t);
	else
		grant_table_put_update(&b, t);
	if ((rc = gh_buf_check(&b, err)) == 0) {
		st.sql = (const char *)b.data;
		store_put_json(&p, row);
		rc = store_write(s, &st, &p, taken, &res, err);
	}
	if (rc == 0 && strcmp(PQcmdTuples(res), "1") != 0)
		rc = gh_fail(err, GH_E_DB, "a row of %s was not written", grant_table_name(t));
	PQclear(res);
	gh_buf_free(&b);
	return rc;
}

int
grant_write_seal(struct store *s, enum grant_table t, const struct row_seal *seal,
    struct gh_error *err)
{
	static const struct store_statement st = {"grant_write_seal",
	    "INSERT INTO row_seal (tbl, key, mac) VALUES ($1, $2, $3) ON CONFLICT (tbl, key) DO UPDATE SET mac = $3"};
	struct store_params p = {0};

	store_put_text(&p, grant_table_name(t));
	store_put_int(&p, seal->key);
	store_put_bytes(&p, seal->mac, ROW_SEAL_SIZE);
	return write_row(s, &st, &p, err);
}

/* Room for a row with this key, in its place. */
static struct grant_row *
insert_row(struct grant_rows *rows, int64_t key)
{
	struct grant_row *grown = realloc(rows->row, (rows->n + 1) * sizeof(*grown));
	size_t i = rows->n;

	if (grown == NULL)
		return NULL;
	rows->row = grown;
	while (i > 0 && grown[i - 1].seal.key > key)
		i--;
	memmove(&grown[i + 1], &grown[i], (rows->n - i) * sizeof(*grown));
	memset(&grown[i], 0, sizeof(*grown));
	rows->n++;
	return &grown[i];
}

int
grant_put(struct store *s, struct grants *g, enum grant_table t, gh_json *row, const char *taken,
    struct gh_error *err)
{
	struct grant_row fresh = {.content = row != NULL ? sealed_part(t, row) : NULL}, *place;
	int rc = fresh.content != NULL ? grant_seal_row(s, t, &fresh, err)
				       : gh_fail(err, GH_E_NOMEM, "row");

	if (rc == 0) {
		place = grant_find_id(g, t, fresh.seal.key);
		rc = store_row(s, t, place == NULL, row, taken, err);
		if (rc == 0)
			rc = grant_write_seal(s, t, &fresh.seal, err);
		if (rc == 0 && place == NULL &&
		    (place = insert_row(&g->table[t], fresh.seal.key)) == NULL)
			rc = gh_fail(err, GH_E_NOMEM, "row");
	}
	if (rc == 0) {
		gh_json_free(place->content);
		*place = fresh;
		fresh.content = NULL;
	}
	gh_json_free(fresh.content);
	gh_json_free(row);
	return rc;
}

int
grant_drop(struct store *s, struct grants *g, enum grant_table t, int64_t id, struct gh_error *err)
{
	static const struct store_statement st = {"grant_drop",
	    "DELETE FROM row_seal WHERE tbl = $1 AND key = $2"};
	struct grant_row *row = grant_find_id(g, t, id);
	struct grant_rows *rows = &g->table[t];
	struct store_params p = {0};
	size_t i;

	if (row == NULL)
		return gh_fail(err, GH_E_INTERNAL, "no row %lld of %s", (long long)id,
		    grant_table_name(t));
	i = (size_t)(row - rows->row);
	gh_json_free(row->content);
	memmove(row, row + 1, (rows->n - i - 1) * sizeof(*row));
	rows->n--;
	store_put_text(&p, grant_table_name(t));
	store_put_int(&p, id);
	return write_row(s, &st, &p, err);
}

int
grant_remove(struct store *s, struct grants *g, enum grant_table t, int64_t id,
    const struct store_statement *st, struct gh_error *err)
{
	struct store_params p = {0};
	int rc;

	store_put_int(&p, id);
	rc = store_do_once(s, st, &p, "Conflict.", err);
	return rc == 0 ? grant_drop(s, g, t, id, err) : rc;
}

/* --- the head --------------------------------------------------------------------------------- */

static int
put_tables(struct store_params *p, const struct grants *g, struct gh_error *err)
{
	gh_json *tables = gh_json_new_object();
	int rc = 0;

	for (int t = 0; rc == 0 && t < GRANT_TABLES; t++) {
		char hex[2 * ROW_SEAL_SIZE + 1];

		gh_hex_lower(g->table[t].mac, ROW_SEAL_SIZE, hex);
		if (gh_json_set_string(tables, grant_table_name((enum grant_table)t), hex) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "seals");
	}
	store_put_json(p, tables);
	gh_json_free(tables);
	return rc;
}

int
grant_write_head(struct store *s, const struct grants *g, struct gh_error *err)
{
	static const struct store_statement st = {"grant_write_head",
	    "INSERT INTO grant_head (revision, tables, mac) VALUES ($1, $2::jsonb, $3) "
	    "ON CONFLICT (one) DO UPDATE SET revision = $1, tables = $2::jsonb, mac = $3"};
	struct store_params p = {0};
	int rc;

	store_put_int(&p, g->revision);
	if ((rc = put_tables(&p, g, err)) != 0) {
		store_params_clear(&p);
		return rc;
	}
	store_put_bytes(&p, g->mac, ROW_SEAL_SIZE);
	return write_row(s, &st, &p, err);
}

int
grant_audit(struct store *s, const struct grants *g, const struct requester *who,
    struct gh_error *err)
{
	char object[48], detail[2 * ROW_SEAL_SIZE + 1];
	const struct store_audit a = {.event = "grant.sealed",
	    .outcome = "success",
	    .who = who,
	    .object = object,
	    .detail = detail};

	snprintf(object, sizeof(object), "revision %lld", (long long)g->revision);
	gh_hex_lower(g->mac, ROW_SEAL_SIZE, detail);
	return store_audit(s, &a, err);
}

int
grant_end(struct store *s, struct grants *g, const struct requester *who, struct gh_error *err)
{
	int rc = 0;

	if (g->revision >= REVISION_MAX)
		return gh_fail(err, GH_E_DB, "no revision is left");
	g->revision++;
	for (int t = 0; rc == 0 && t < GRANT_TABLES; t++) {
		g->table[t].is_new = false;
		rc = grant_seal_table(s, g, (enum grant_table)t, err);
	}
	if (rc == 0)
		rc = grant_seal_head(s, g, err);
	if (rc == 0)
		rc = grant_write_head(s, g, err);
	return rc == 0 ? grant_audit(s, g, who, err) : rc;
}

/* --- a transaction of its own ----------------------------------------------------------------- */

int
grant_open(struct store *s, struct grants *g, struct gh_error *err)
{
	int rc = store_begin_locking(s, err);

	memset(g, 0, sizeof(*g));
	if (rc == 0 && (rc = grant_begin(s, g, err)) != 0)
		store_rollback(s);
	return rc;
}

void
grant_cancel(struct store *s, struct grants *g)
{
	store_rollback(s);
	grant_clear(g);
}

int
grant_close(struct store *s, struct grants *g, int rc, const struct requester *who,
    struct gh_error *err)
{
	if (rc == 0)
		rc = grant_end(s, g, who, err);
	if (rc == 0 && (rc = store_commit(s, err)) == 0)
		s->grant_revision = g->revision;
	grant_cancel(s, g);
	return rc;
}
