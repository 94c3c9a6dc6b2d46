/* Making role and database. See provision.h. Names are quoted by libpq: no SQL comes out of an
 * option. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "provision.h"
#include "store/store_private.h"

#define CREATE_MS 60000 /* a database is copied from its template */
#define SQL_MAX 1024

/* SQLSTATE (PostgreSQL, appendix A) */
#define DUPLICATE_OBJECT "42710"
#define INSUFFICIENT_PRIVILEGE "42501"

/* --- connection strings ----------------------------------------------------------------------- */

static int
take(char *out, size_t size, const char *value, const char *what, struct gh_error *err)
{
	if (strlen(value) >= size)
		return gh_refuse(err, GH_E_CONF, "connection string: %s is longer than %zu bytes",
		    what, size - 1);
	strcpy(out, value);
	return 0;
}

static int
take_option(const PQconninfoOption *o, struct store_target *t, struct gh_error *err)
{
	if (o->val == NULL || o->val[0] == '\0')
		return 0;
	if (strcmp(o->keyword, "password") == 0)
		t->has_password = true;
	if (strcmp(o->keyword, "host") == 0)
		return take(t->host, sizeof(t->host), o->val, "host", err);
	if (strcmp(o->keyword, "port") == 0)
		return take(t->port, sizeof(t->port), o->val, "port", err);
	if (strcmp(o->keyword, "user") == 0)
		return take(t->user, sizeof(t->user), o->val, "user", err);
	if (strcmp(o->keyword, "dbname") == 0)
		return take(t->database, sizeof(t->database), o->val, "dbname", err);
	return 0;
}

int
store_target_parse(const char *conninfo, struct store_target *out, struct gh_error *err)
{
	char *why = NULL;
	PQconninfoOption *all = PQconninfoParse(conninfo, &why);
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (all == NULL)
		rc = gh_refuse(err, GH_E_CONF, "connection string: %.*s",
		    why != NULL ? (int)strcspn(why, "\n") : 0, why != NULL ? why : "");
	for (PQconninfoOption *o = all; rc == 0 && o != NULL && o->keyword != NULL; o++)
		rc = take_option(o, out, err);
	PQfreemem(why);
	PQconninfoFree(all);
	return rc;
}

bool
store_target_is_local(const struct store_target *t)
{
	return strchr(t->host, ',') == NULL &&
	    (t->host[0] == '\0' || t->host[0] == '/' || t->host[0] == '@');
}

/* --- role and database ------------------------------------------------------------------------ */

static int
exists(struct store *admin, const struct store_statement *st, const char *name, bool *found,
    struct gh_error *err)
{
	struct store_params p = {0};
	PGresult *res;
	int rc;

	*found = false;
	store_put_text(&p, name);
	if ((rc = store_read(admin, st, &p, &res, err)) == 0)
		*found = PQntuples(res) > 0;
	PQclear(res);
	return rc;
}

/* A statement that takes no parameters: CREATE ROLE, CREATE DATABASE. */
static int
create(struct store *admin, const char *sql, const char *what, struct gh_error *err)
{
	struct gh_error why = {0};
	int rc = store_script(admin, sql, CREATE_MS, &why);

	if (rc == GH_E_CONFLICT ||
	    (rc == GH_E_DB && strcmp(admin->sqlstate, DUPLICATE_OBJECT) == 0))
		return 0; /* somebody else made it in between */
	if (rc == GH_E_DB && strcmp(admin->sqlstate, INSUFFICIENT_PRIVILEGE) == 0)
		return gh_refuse(err, GH_E_FORBIDDEN, "this role may not create the %s: %.200s",
		    what, why.detail);
	if (rc != 0)
		gh_fail(err, rc, "%s: %.400s", what, why.detail);
	return rc;
}

/* As the server keeps it (SCRAM): what crosses the connection, and may be logged, is no
 * password. */
static int
create_role(struct store *admin, const char *role, const char *password, struct gh_error *err)
{
	char *name = PQescapeIdentifier(admin->conn, role, strlen(role)), *secret = NULL,
	     *literal = NULL;
	char sql[SQL_MAX];
	int rc = name != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "role");

	if (rc == 0 && password != NULL) {
		secret = PQencryptPasswordConn(admin->conn, password, role, "scram-sha-256");
		if (secret != NULL)
			literal = PQescapeLiteral(admin->conn, secret, strlen(secret));
		if (literal == NULL)
			rc = gh_fail(err, GH_E_DB, "password of the role: %s",
			    PQerrorMessage(admin->conn));
	}
	if (rc == 0) {
		snprintf(sql, sizeof(sql), "CREATE ROLE %s LOGIN%s%s", name,
		    literal != NULL ? " PASSWORD " : "", literal != NULL ? literal : "");
		rc = create(admin, sql, "role", err);
		OPENSSL_cleanse(sql, sizeof(sql));
	}
	PQfreemem(name);
	PQfreemem(secret);
	PQfreemem(literal);
	return rc;
}

/* UTF-8 whatever the cluster has: a fresh Debian without locale makes clusters of SQL_ASCII. */
static int
create_database(struct store *admin, const char *database, const char *role, struct gh_error *err)
{
	char *name = PQescapeIdentifier(admin->conn, database, strlen(database));
	char *owner = PQescapeIdentifier(admin->conn, role, strlen(role));
	char sql[SQL_MAX];
	int rc = name != NULL && owner != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "database");

	if (rc == 0) {
		snprintf(sql, sizeof(sql),
		    "CREATE DATABASE %s OWNER %s TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'",
		    name, owner);
		rc = create(admin, sql, "database", err);
	}
	PQfreemem(name);
	PQfreemem(owner);
	return rc;
}

/* Who is no superuser may give a database to a role that he is a member of only. */
static int
join_role(struct store *admin, const char *role, struct gh_error *err)
{
	static const struct store_statement needs_it = {NULL,
	    "SELECT 1 FROM pg_roles WHERE rolname = current_user AND NOT rolsuper AND rolname <> $1"};
	char *name, sql[SQL_MAX];
	bool found;
	int rc = exists(admin, &needs_it, role, &found, err);

	if (rc != 0 || !found)
		return rc;
	name = PQescapeIdentifier(admin->conn, role, strlen(role));
	if (name == NULL)
		return gh_fail(err, GH_E_NOMEM, "role");
	snprintf(sql, sizeof(sql), "GRANT %s TO CURRENT_USER", name);
	PQfreemem(name);
	return create(admin, sql, "membership in the role", err);
}

int
store_provision(struct store *admin, const char *role, const char *database, const char *password,
    struct store_provision *out, struct gh_error *err)
{
	static const struct store_statement has_role = {NULL,
	    "SELECT 1 FROM pg_roles WHERE rolname = $1"};
	static const struct store_statement has_database = {NULL,
	    "SELECT 1 FROM pg_database WHERE datname = $1"};
	bool found;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = exists(admin, &has_role, role, &found, err)) == 0 && !found) {
		rc = create_role(admin, role, password, err);
		out->role_made = rc == 0;
	}
	if (rc == 0 && (rc = exists(admin, &has_database, database, &found, err)) == 0 && !found) {
		rc = join_role(admin, role, err);
		if (rc == 0)
			rc = create_database(admin, database, role, err);
		out->database_made = rc == 0;
	}
	return rc;
}

/* --- facts ------------------------------------------------------------------------------------ */

int
store_facts(struct store *s, struct store_facts *out, struct gh_error *err)
{
	static const struct store_statement st = {NULL,
	    "SELECT current_setting('server_version_num')::int, "
	    "  (SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()) = 'UTF8', "
	    "  pg_is_in_recovery()"};
	struct store_params p = {0};
	PGresult *res;
	int rc;

	memset(out, 0, sizeof(*out));
	if ((rc = store_clock_skew(s, &out->skew_ms, err)) != 0)
		return rc;
	if ((rc = store_read(s, &st, &p, &res, err)) == 0) {
		out->version = (int)store_int(res, 0, 0);
		out->is_utf8 = store_bool(res, 0, 1);
		out->is_standby = store_bool(res, 0, 2);
	}
	PQclear(res);
	return rc;
}
