/* Indexes of metadata fields. See metadata_index.h. Made with CONCURRENTLY, which takes no lock
 * that an enrollment waits for; so each statement is one of its own, without parameters. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timestamp.h"

#include "store/database/provision.h"
#include "store/store_private.h"

#include "cert_field.h"
#include "metadata_index.h"

#define SQL_MAX 4096
#define TYPE_INTEGER 2                 /* of a definition */
#define TELL_US 1000000                /* how often it is told how far it is */
#define STEP_MS 86400000               /* one statement; PostgreSQL's own limits are off */
#define PREFIX "certificate_metadata_" /* and the number of the field, and what is in it */

bool
metadata_index_is_number(int64_t type)
{
	return type == TYPE_INTEGER;
}

static void
index_name(int64_t field_id, bool is_number, char out[STORE_NAME_SIZE])
{
	snprintf(out, STORE_NAME_SIZE, PREFIX "%lld_%s", (long long)field_id,
	    is_number ? "number" : "text");
}

int
store_may_index_metadata(struct store *s, struct gh_error *err)
{
	static const struct store_statement st = {"metadata_index_may",
	    "SELECT 1 FROM pg_class WHERE oid = to_regclass('certificate') AND pg_has_role(relowner, 'USAGE')"};
	struct store_params p = {0};
	PGresult *res;
	int rc = store_read(s, &st, &p, &res, err);

	if (rc == 0 && PQntuples(res) == 0)
		rc = gh_refuse(err, GH_E_FORBIDDEN,
		    "An index is made and dropped with the role that owns the schema of the database, which this one does not.");
	PQclear(res);
	return rc;
}

/* ---- statements ---- */

static int
prepare(struct store *builder, struct gh_error *err)
{
	int rc = store_connect(builder, err);

	/* a command that was killed does not build on; older servers do not know how to notice */
	return rc != 0
	    ? rc
	    : store_script(builder,
		  "SET statement_timeout = 0; SET lock_timeout = 0; "
		  "SELECT set_config(name, '5s', false) FROM pg_settings WHERE name = 'client_connection_check_interval'",
		  builder->timeout_ms, err);
}

/* "scanning table, 40 %" */
static void
tell(struct store *s, int pid, const struct gh_progress *p)
{
	static const struct store_statement st = {"metadata_index_progress",
	    "SELECT phase, CASE WHEN blocks_total > 0 THEN 100 * blocks_done / blocks_total "
	    "WHEN tuples_total > 0 THEN 100 * tuples_done / tuples_total END "
	    "FROM pg_stat_progress_create_index WHERE pid = $1::int"};
	struct store_params params = {0};
	PGresult *res;

	store_put_int(&params, pid);
	if (store_read(s, &st, &params, &res, NULL) == 0 && PQntuples(res) == 1)
		gh_progress_tell(p, store_has(res, 0, 1) ? "%s, %s %%" : "%s",
		    store_text(res, 0, 0), store_text(res, 0, 1));
	PQclear(res);
}

static void
cancel(struct store *builder)
{
	PGcancel *c = PQgetCancel(builder->conn);
	char why[256];

	if (c != NULL)
		(void)PQcancel(c, why, sizeof(why));
	PQfreeCancel(c);
}

/* Still at work at that time? */
static bool
is_busy(struct store *s, int64_t until)
{
	while (PQisBusy(s->conn)) {
		int n = PQflush(s->conn) == 0 ? store_poll(s, POLLIN, until) : -1;

		if (n == 0)
			return true;
		if (n < 0 || PQconsumeInput(s->conn) != 1)
			return false;
	}
	return false;
}

/* What store_script does, and tells in between. */
static int
run_long(struct store *builder, const char *sql, struct store *s, const struct gh_progress *p,
    struct gh_error *err)
{
	bool is_cancelled = false;
	int rc = store_script_begin(builder, sql, err);

	while (rc == 0 && is_busy(builder, gh_now_us() + TELL_US)) {
		if (!is_cancelled && gh_progress_is_stopping(p)) {
			cancel(builder);
			is_cancelled = true;
		}
		tell(s, PQbackendPID(builder->conn), p);
	}
	if (rc == 0)
		rc = store_script_end(builder, STEP_MS, err);
	return rc != 0 && is_cancelled ? gh_refuse(err, GH_E_CONFLICT, "interrupted") : rc;
}

/* ---- making ---- */

/* "CREATE INDEX ...", quoted by the server. *out malloc'd. */
static int
create_statement(struct store *s, const struct metadata_index *i, char **out, struct gh_error *err)
{
	struct store_params p = {0};
	struct store_statement st = {NULL, NULL};
	char name[STORE_NAME_SIZE];
	struct gh_buf b;
	PGresult *res = NULL;
	int rc;

	*out = NULL;
	gh_buf_init(&b, SQL_MAX);
	gh_buf_puts(&b, "SELECT format($$CREATE INDEX CONCURRENTLY %2$I ON certificate (");
	cert_field_put_expr(&b, i->is_number, "%1$L");
	gh_buf_puts(&b, ", id)$$, $1::text, $2::text)");
	index_name(i->field_id, i->is_number, name);
	store_put_text(&p, i->name);
	store_put_text(&p, name);
	if ((rc = gh_buf_check(&b, err)) == 0) {
		st.sql = (const char *)b.data;
		rc = store_read(s, &st, &p, &res, err);
	} else {
		store_params_clear(&p);
	}
	if (rc == 0 && (*out = strdup(store_text(res, 0, 0))) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "index");
	PQclear(res);
	gh_buf_free(&b);
	return rc;
}

static int
is_whole(struct store *s, const struct metadata_index *i, bool *out, struct gh_error *err)
{
	static const struct store_statement st = {"metadata_index_is_whole",
	    "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(quote_ident($1)) AND indisvalid AND indisready"};
	struct store_params p = {0};
	char name[STORE_NAME_SIZE];
	PGresult *res;
	int rc;

	index_name(i->field_id, i->is_number, name);
	store_put_text(&p, name);
	rc = store_read(s, &st, &p, &res, err);
	*out = rc == 0 && PQntuples(res) > 0;
	PQclear(res);
	return rc;
}

int
store_drop_metadata_index(struct store *builder, struct store *s, int64_t field_id,
    const struct gh_progress *p, struct gh_error *err)
{
	char name[STORE_NAME_SIZE], sql[2 * STORE_NAME_SIZE];
	int rc = prepare(builder, err);

	for (int is_number = 0; is_number <= 1 && rc == 0; is_number++) {
		index_name(field_id, is_number != 0, name);
		snprintf(sql, sizeof(sql), "DROP INDEX CONCURRENTLY IF EXISTS %s", name);
		rc = run_long(builder, sql, s, p, err);
	}
	return rc;
}

/* Enrollments would go on writing into what was begun. err: why it was not made. */
static void
clear_away(struct store *builder, struct store *s, const struct metadata_index *i,
    const struct gh_progress *p, struct gh_error *err)
{
	struct gh_error why;

	gh_progress_tell(p, "what was begun is removed; interrupted once more, it is left");
	if (store_drop_metadata_index(builder, s, i->field_id, p, &why) != 0 &&
	    err->code == GH_E_CONFLICT)
		gh_refuse(err, GH_E_CONFLICT,
		    "interrupted; what is left of the index is removed by `gatehouse metadata set %.64s --no-indexed`",
		    i->name);
}

static int
make(struct store *builder, struct store *s, const struct metadata_index *i,
    const struct gh_progress *p, struct gh_error *err)
{
	char *sql = NULL;
	int rc = store_drop_metadata_index(builder, s, i->field_id, p, err);

	if (rc == 0 && (rc = create_statement(s, i, &sql, err)) == 0)
		rc = run_long(builder, sql, s, p, err);
	free(sql);
	return rc;
}

int
store_make_metadata_index(struct store *builder, struct store *s, const struct metadata_index *i,
    const struct gh_progress *p, struct gh_error *err)
{
	bool is_there;
	struct gh_error ignored;
	int rc = is_whole(s, i, &is_there, err);

	if (rc == 0 && !is_there) {
		if ((rc = make(builder, s, i, p, err)) == 0 &&
		    (rc = is_whole(s, i, &is_there, err)) == 0 && !is_there)
			rc = gh_fail(err, GH_E_DB, "the index is not valid");
		if (rc != 0)
			clear_away(builder, s, i, p, err);
	}
	/* what the planner does not know about it now, it learns later */
	if (rc == 0 && prepare(builder, &ignored) == 0)
		(void)!run_long(builder, "ANALYZE certificate", s, p, &ignored);
	return rc;
}

int
store_list_metadata_indexes(struct store *s, gh_json **out, struct gh_error *err)
{
	static const struct store_statement st = {"metadata_indexes",
	    "SELECT coalesce(json_agg(json_build_object('field_id', m[1]::bigint, 'name', relname, "
	    "'is_number', m[2] = 'number', 'is_valid', indisvalid) ORDER BY relname), '[]') "
	    "FROM pg_index JOIN pg_class c ON c.oid = indexrelid "
	    "CROSS JOIN LATERAL regexp_match(relname, '^" PREFIX "([0-9]{1,18})_(text|number)$') m "
	    "WHERE indrelid = to_regclass('certificate') AND m IS NOT NULL"};
	struct store_params p = {0};

	return store_read_json(s, &st, &p, out, err);
}
