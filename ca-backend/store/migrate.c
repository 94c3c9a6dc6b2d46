/* The schema: numbered migrations, compiled in, applied in order, each in a transaction. */
#include <stdlib.h>

#include "buf.h"

#include "store/migrations.h"
#include "store/store_private.h"

#define SCRIPT_MAX (1024 * 1024)
/* pg_advisory_lock: one program migrates at a time. An arbitrary number, "gatehous" in ASCII. */
#define MIGRATION_LOCK "7449366288655217011"

/* The number that the file's name begins with. */
static int
number(const struct migration *m)
{
	return (int)strtol(m->name, NULL, 10);
}

static int
newest(void)
{
	return migrations_count > 0 ? number(&migrations[migrations_count - 1]) : 0;
}

/* 0 when there is no schema at all. */
static int
read_version(struct store *s, int *version, struct gh_error *err)
{
	static const struct store_statement exists = {NULL,
	    "SELECT to_regclass('schema_migration') IS NOT NULL"};
	static const struct store_statement latest = {NULL,
	    "SELECT COALESCE(max(version), 0) FROM schema_migration"};
	struct store_params p = {0};
	PGresult *res;
	int rc = store_read(s, &exists, &p, &res, err);

	*version = 0;
	if (rc != 0)
		return rc;
	if (store_bool(res, 0, 0)) {
		PQclear(res);
		if ((rc = store_read(s, &latest, &p, &res, err)) != 0)
			return rc;
		*version = (int)store_int(res, 0, 0);
	}
	PQclear(res);
	return 0;
}

static int
refuse_newer(int version, struct gh_error *err)
{
	return gh_refuse(err, GH_E_CONFLICT,
	    "The database has schema %d, this program knows %d: "
	    "install the newer program.",
	    version, newest());
}

static int
apply(struct store *s, const struct migration *m, struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, SCRIPT_MAX);
	gh_buf_puts(&b, "BEGIN;\n");
	gh_buf_puts(&b, m->sql);
	gh_buf_putf(&b,
	    ";\nINSERT INTO schema_migration (version, name) VALUES (%d, '%s');\nCOMMIT", number(m),
	    m->name);
	if ((rc = gh_buf_check(&b, err)) == 0)
		rc = store_script(s, (char *)b.data, STORE_MIGRATION_MS, err);
	gh_buf_free(&b);
	return rc;
}

/* With the lock held. */
static int
apply_missing(struct store *s, int *applied, struct gh_error *err)
{
	int version = 0, i,
	    rc = store_script(s,
		"CREATE TABLE IF NOT EXISTS schema_migration (version int PRIMARY KEY, "
		"name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
		s->timeout_ms, err);

	if (rc == 0)
		rc = read_version(s, &version, err);
	if (rc == 0 && version > newest())
		rc = refuse_newer(version, err);
	for (i = 0; rc == 0 && i < migrations_count; i++) {
		if (number(&migrations[i]) <= version)
			continue;
		if ((rc = apply(s, &migrations[i], err)) == 0)
			++*applied;
	}
	return rc;
}

int
store_migrate(struct store *s, int *applied, struct gh_error *err)
{
	int rc = store_connect(s, err);

	*applied = 0;
	if (rc != 0)
		return rc;
	rc = store_script(s,
	    "SET statement_timeout = 0; SELECT pg_advisory_lock(" MIGRATION_LOCK ")",
	    STORE_MIGRATION_MS, err);
	if (rc == 0)
		rc = apply_missing(s, applied, err);
	/* The lock, the time limit and a failed transaction end with the connection. */
	store_disconnect(s);
	return rc;
}

int
store_check_schema(struct store *s, struct gh_error *err)
{
	int version, rc = read_version(s, &version, err);

	if (rc != 0 || version == newest())
		return rc;
	if (version > newest())
		return refuse_newer(version, err);
	return gh_refuse(err, GH_E_CONFLICT,
	    "The database has schema %d, this program needs %d: "
	    "run `gatehouse db migrate`.",
	    version, newest());
}
