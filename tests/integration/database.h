/* The database of an integration test, whose script gives PGCONNINFO, PGSOCKETDIR, POSTGRES_SH and
 * POSTGRES_DIR. */
#ifndef INTEGRATION_DATABASE_H
#define INTEGRATION_DATABASE_H

#include <stdio.h>
#include <stdlib.h>

#include "integration/store_fixture.h"

static struct gh_error err;

#define ok(call) \
	do { \
		int rc_ = (call); \
		if (rc_ != 0) \
			fail_msg("%s: %d %s", #call, rc_, err.detail); \
	} while (0)

static struct store *
open_store_at(const char *conninfo, int timeout_ms)
{
	struct store *s;

	ok(store_new(conninfo, timeout_ms, &s, &err));
	ok(store_use_secret(s, fixture_secret, &err));
	return s;
}

/* What a program of PostgreSQL's says to a statement, as one of the database's users. */
static FILE *
psql(const char *role, const char *sql)
{
	char command[8192];
	FILE *f;

	assert_true(snprintf(command, sizeof(command),
			"psql -XAtq -v ON_ERROR_STOP=1 -h '%s' -U %s -d gatehouse -c \"%s\" 2>&1",
			getenv("PGSOCKETDIR"), role, sql) < (int)sizeof(command));
	assert_non_null(f = popen(command, "r"));
	return f;
}

/* Exit status; *out: what it said, without the last newline. */
static int
query_as(const char *role, const char *sql, char *out, size_t size)
{
	FILE *f = psql(role, sql);
	size_t n = fread(out, 1, size - 1, f);

	out[n] = '\0';
	if (n > 0 && out[n - 1] == '\n')
		out[n - 1] = '\0';
	return pclose(f);
}

static void
query(const char *sql, char *out, size_t size)
{
	if (query_as("gatehouse", sql, out, size) != 0)
		fail_msg("%s: %s", sql, out);
}

static long __attribute__((unused)) count(const char *sql)
{
	char out[256];

	query(sql, out, sizeof(out));
	return strtol(out, NULL, 10);
}

/* The server: stop, start, kill, freeze ... */
static void __attribute__((unused)) postgres(const char *verb)
{
	char command[1024];

	snprintf(command, sizeof(command), "'%s' %s '%s'", getenv("POSTGRES_SH"), verb,
	    getenv("POSTGRES_DIR"));
	assert_int_equal(system(command), 0);
}

#endif
