/* `gatehouse setup`: the database. Log in as the gateway will; where that fails, make role and
 * database if we may. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "buf.h"
#include "durable_file.h"
#include "store/database/provision.h"

#include "prompt.h"
#include "setup.h"

#define CONNINFO "database.conninfo"
#define DEFAULT_CONNINFO "host=/run/postgresql dbname=gatehouse user=gatehouse"
#define ADMIN_USER "postgres"
#define ADMIN_TIMEOUT_MS 60000
#define VERSION_MIN 130000

/* ---- the gateway's own log-in ---- */

static int
check_facts(const struct setup *s, struct store *store, struct gh_error *err)
{
	struct store_facts f;
	double skew;
	int rc = store_facts(store, &f, err);

	if (rc != 0)
		return rc;
	if (f.version < VERSION_MIN)
		return gh_refuse(err, GH_E_CONF, "PostgreSQL %d is too old: 13 or newer is needed",
		    f.version / 10000);
	if (!f.is_utf8)
		return gh_refuse(err, GH_E_CONF,
		    "the database must have the encoding UTF8: make another one with CREATE "
		    "DATABASE ... TEMPLATE template0 ENCODING 'UTF8'");
	if (f.is_standby)
		return gh_refuse(err, GH_E_CONF,
		    "the server is a standby, which cannot be written: name the primary, or all "
		    "hosts with target_session_attrs=read-write");
	skew = (double)f.skew_ms / 1000;
	if (fabs(skew) > s->conf->database.clock_skew)
		return gh_refuse(err, GH_E_CONF,
		    "our clock is %.0f seconds ahead of the database server's, and nothing would be issued: let "
		    "both follow the same NTP server",
		    skew);
	setup_tell(s, "database: PostgreSQL %d answers, clock within %.1f s", f.version / 10000,
	    fabs(skew) + 0.05);
	return 0;
}

static int
log_in(const struct setup *s, const char *conninfo, struct gh_error *err)
{
	struct store *store;
	int rc = store_new(conninfo, s->conf->database.timeout_ms, &store, err);

	if (rc == 0)
		rc = store_log_in_as(store, s->user, err);
	if (rc == 0)
		rc = check_facts(s, store, err);
	store_free(store);
	return rc;
}

/* ---- role and database ---- */

/* Values of a connection string stand in quotes: blanks, quotes and backslashes are theirs. */
static void
put_value(struct gh_buf *b, const char *keyword, const char *value)
{
	if (value[0] == '\0')
		return;
	gh_buf_puts(b, keyword);
	gh_buf_puts(b, "='");
	for (; *value != '\0'; value++) {
		if (*value == '\'' || *value == '\\')
			gh_buf_putc(b, '\\');
		gh_buf_putc(b, *value);
	}
	gh_buf_puts(b, "' ");
}

static int
open_admin(const struct setup *s, const struct store_target *t, struct store **out,
    struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	*out = NULL;
	if (s->o.db_admin != NULL)
		return store_new(s->o.db_admin, ADMIN_TIMEOUT_MS, out, err);
	gh_buf_init(&b, 1024);
	put_value(&b, "host", t->host);
	put_value(&b, "port", t->port);
	gh_buf_puts(&b, "dbname=postgres user=" ADMIN_USER);
	rc = gh_buf_check(&b, err);
	if (rc == 0)
		rc = store_new((const char *)b.data, ADMIN_TIMEOUT_MS, out, err);
	gh_buf_free(&b);
	return rc == 0 ? store_log_in_as(*out, ADMIN_USER, err) : rc;
}

static bool
may_provision(const struct setup *s, const struct store_target *t)
{
	return s->o.db_admin != NULL || (geteuid() == 0 && store_target_is_local(t));
}

static int
provision(struct setup *s, const struct store_target *t, const char *password, struct gh_error *err)
{
	const char *role = t->user[0] != '\0' ? t->user : s->user;
	const char *database = t->database[0] != '\0' ? t->database : role;
	struct store_provision p = {false, false};
	struct store *admin = NULL;
	int rc;

	if (role[0] == '\0')
		return gh_refuse(err, GH_E_CONF,
		    "the connection string names no user: add user=gatehouse");
	rc = open_admin(s, t, &admin, err);
	if (rc == 0)
		rc = store_provision(admin, role, database, password, &p, err);
	store_free(admin);
	if (p.role_made)
		rc = rc == 0 ? report_add(&s->made.report, "database", "role", true, err) : rc;
	if (p.database_made)
		rc = rc == 0 ? report_add(&s->made.report, "database", database, true, err) : rc;
	return rc;
}

/* The server's own words, and what to type where we may not. */
static int
advise(const struct setup *s, const struct store_target *t, const struct gh_error *why,
    struct gh_error *err)
{
	const char *said = why->detail[0] != '\0' ? why->detail : why->message;

	if (may_provision(s, t) || why->code != GH_E_DB_DOWN)
		return gh_refuse(err, why->code, "%.250s", said);
	return gh_refuse(err, why->code,
	    "%.140s (to let setup make role and database: run it as root on the database "
	    "server, or give --db-admin)",
	    said);
}

/* ---- a password ---- */

/* libpq's file: colons and backslashes are escaped. */
static int
write_pgpass(const struct setup *s, const char *path, const char *password, struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, 4096);
	gh_buf_puts(&b, "*:*:*:*:");
	for (const char *p = password; *p != '\0'; p++) {
		if (*p == ':' || *p == '\\')
			gh_buf_putc(&b, '\\');
		gh_buf_putc(&b, *p);
	}
	gh_buf_putc(&b, '\n');
	rc = gh_buf_check(&b, err);
	if (rc == 0)
		rc = gh_file_write(path, b.data, b.len, 0600, true, err);
	if (b.data != NULL)
		OPENSSL_cleanse(b.data, b.len);
	gh_buf_free(&b);
	return rc == 0 ? setup_give(path, s->user, NULL, 0600, err) : rc;
}

/* The connection string with the file in it, and the file. */
static int
add_password(struct setup *s, char **conninfo, char **password, struct gh_error *err)
{
	char path[SETUP_PATH_SIZE + 32], *with = NULL;
	int rc;

	if (s->o.db_password_file == NULL)
		return 0;
	if (strstr(*conninfo, "://") != NULL)
		return gh_refuse(err, GH_E_CONF,
		    "with --db-password-file, write the connection string as host=... dbname=... "
		    "user=...");
	rc = prompt_password(s->o.db_password_file, "password of the database role", false,
	    password, err);
	snprintf(path, sizeof(path), "%s/pgpass", s->conf_dir);
	if (rc == 0)
		rc = setup_folders(s, err);
	if (rc == 0)
		rc = write_pgpass(s, path, *password, err);
	if (rc == 0 && asprintf(&with, "%s passfile=%s", *conninfo, path) < 0)
		rc = gh_fail(err, GH_E_NOMEM, "connection string");
	if (rc != 0)
		return rc;
	free(*conninfo);
	*conninfo = with;
	return 0;
}

/* ---- the step ---- */

/* The command line is read by everybody on this machine. */
static int
check_admin(const struct setup *s, struct gh_error *err)
{
	struct store_target t;
	int rc = s->o.db_admin != NULL ? store_target_parse(s->o.db_admin, &t, err) : 0;

	if (rc == 0 && s->o.db_admin != NULL && t.has_password)
		rc = gh_refuse(err, GH_E_CONF,
		    "--db-admin: no password in the connection string, which others may read: write "
		    "passfile=FILE, a file as PostgreSQL's .pgpass");
	return rc;
}

static int
check(struct setup *s, const char *conninfo, const char *password, struct gh_error *err)
{
	struct store_target t;
	struct gh_error why = {0};
	int rc = store_target_parse(conninfo, &t, err);

	if (rc != 0)
		return rc;
	if (t.has_password)
		return gh_refuse(err, GH_E_CONF,
		    "no password in the connection string, which others may read: give "
		    "--db-password-file");
	rc = log_in(s, conninfo, &why);
	if (rc == GH_E_DB_DOWN && may_provision(s, &t)) {
		if ((rc = provision(s, &t, password, &why)) == 0)
			rc = log_in(s, conninfo, &why);
	}
	return rc == 0 ? 0 : advise(s, &t, &why, err);
}

static int
step(struct setup *s, bool is_again, struct gh_error *err)
{
	char *conninfo = NULL, *password = NULL;
	int rc;

	if (!s->is_new)
		return check(s, s->conf->database.conninfo, NULL, err);
	rc = setup_answer(s, is_again ? NULL : s->o.db, "--db", "Database",
	    "libpq connection string of the PostgreSQL database. Role and database are made where that is possible.",
	    DEFAULT_CONNINFO, &conninfo, err);
	if (rc == 0)
		rc = add_password(s, &conninfo, &password, err);
	if (rc == 0)
		rc = check(s, conninfo, password, err);
	if (rc == 0)
		rc = conf_settings_set(&s->settings, CONNINFO, conninfo, err);
	free(conninfo);
	prompt_free(password);
	return rc;
}

int
setup_database(struct setup *s, struct gh_error *err)
{
	int rc = check_admin(s, err);

	return rc == 0 ? setup_repeat(s, step, err) : rc;
}
