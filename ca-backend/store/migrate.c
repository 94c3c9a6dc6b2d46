/* The schema: numbered SQL files, compiled in, each applied once in a transaction under an advisory lock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "migrations.h"

#define LOCK "SELECT pg_advisory_lock(7416852)"
#define UNLOCK "SELECT pg_advisory_unlock(7416852)"

static int
query_int(struct store *s, const char *name, const char *sql, int64_t *out, struct gh_error *err)
{
	const struct statement st = { name, sql };
	PGresult *res;
	int rc = store_query(s, &st, NULL, &res, err);

	*out = rc == 0 && PQntuples(res) == 1 ? store_int(res, 0, 0) : 0;
	PQclear(res);
	return rc;
}

/* 0 for a database that has no schema yet. */
static int
schema_version(struct store *s, int64_t *out, struct gh_error *err)
{
	int rc = query_int(s, "has_schema", "SELECT count(to_regclass('schema_migration'))", out, err);

	if (rc != 0 || *out == 0)
		return rc;
	return query_int(s, "schema_version", "SELECT coalesce(max(version), 0) FROM schema_migration", out, err);
}

static int
apply(struct store *s, int version, struct gh_error *err)
{
	const char *sql = migrations[version - 1].sql;
	size_t n = strlen(sql) + 256;
	char *script = malloc(n);
	int rc;

	if (script == NULL)
		return gh_fail(err, GH_E_NOMEM, "migration");
	snprintf(script, n, "BEGIN; SET LOCAL statement_timeout = 0; %s\n"
	    "INSERT INTO schema_migration (version, name) VALUES (%d, '%s'); COMMIT", sql, version,
	    migrations[version - 1].name);
	rc = store_script(s, script, err);
	free(script);
	if (rc != 0)
		store_disconnect(s); /* ends the open transaction */
	return rc;
}

static int
newer(int64_t have, struct gh_error *err)
{
	return gh_refuse(err, GH_E_CONFLICT, "The database has schema %lld and this program knows up to %d: "
	    "install the newer program.", (long long)have, migrations_count);
}

static int
migrate_locked(struct store *s, int *applied, struct gh_error *err)
{
	int64_t have;
	int rc;

	if ((rc = store_script(s, "CREATE TABLE IF NOT EXISTS schema_migration (version integer PRIMARY KEY, "
	    "name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())", err)) != 0 ||
	    (rc = schema_version(s, &have, err)) != 0)
		return rc;
	if (have > migrations_count)
		return newer(have, err);
	for (int v = (int)have + 1; v <= migrations_count; v++) {
		if ((rc = apply(s, v, err)) != 0)
			return rc;
		(*applied)++;
	}
	return 0;
}

int
store_migrate(struct store *s, int *applied, struct gh_error *err)
{
	struct gh_error ignored;
	int rc;

	*applied = 0;
	if ((rc = store_connect(s, err)) != 0 || (rc = store_script(s, LOCK, err)) != 0)
		return rc;
	rc = migrate_locked(s, applied, err);
	if (s->conn != NULL && store_script(s, UNLOCK, &ignored) != 0)
		store_disconnect(s);
	return rc;
}

int
store_check_schema(struct store *s, struct gh_error *err)
{
	int64_t have;
	int rc = schema_version(s, &have, err);

	if (rc != 0)
		return rc;
	if (have > migrations_count)
		return newer(have, err);
	if (have < migrations_count)
		return gh_refuse(err, GH_E_CONFLICT, "The database has schema %lld and this program needs %d: "
		    "run `gatehouse db migrate`.", (long long)have, migrations_count);
	return 0;
}
