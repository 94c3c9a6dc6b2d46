/* Connecting, sending and awaiting, all with a deadline; and what a lost connection means. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "timestamp.h"

#include "connection.h"

#define SETTINGS_MAX 256

int
store_new(const char *conninfo, int timeout_ms, struct store **out, struct gh_error *err)
{
	struct store *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL || (s->conninfo = strdup(conninfo)) == NULL) {
		free(s);
		return gh_fail(err, GH_E_NOMEM, "store");
	}
	s->timeout_ms = timeout_ms;
	*out = s;
	return 0;
}

void
store_free(struct store *s)
{
	if (s == NULL)
		return;
	store_disconnect(s);
	OPENSSL_cleanse(s->conninfo, strlen(s->conninfo));
	free(s->conninfo);
	free(s);
}

void
store_on_query(struct store *s, void (*fn)(int64_t us))
{
	s->on_query = fn;
}

void
store_disconnect(struct store *s)
{
	if (s->conn != NULL)
		PQfinish(s->conn);
	s->conn = NULL;
	s->n_prepared = 0;
	s->is_listening = false;
}

bool
store_poll(PGconn *conn, bool for_write, int64_t deadline)
{
	struct pollfd p = { .fd = PQsocket(conn), .events = for_write ? POLLIN | POLLOUT : POLLIN };

	for (;;) {
		int64_t left = deadline - gh_now_us();
		int n;

		if (left <= 0)
			return false;
		if ((n = poll(&p, 1, (int)(left / 1000) + 1)) > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	}
}

/* libpq's messages end in a line end and may have several lines. */
static int
fail_down(struct store *s, const char *what, struct gh_error *err)
{
	char text[200];

	snprintf(text, sizeof(text), "%s", s->conn != NULL ? PQerrorMessage(s->conn) : "");
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	store_disconnect(s);
	return gh_fail(err, GH_E_DB_DOWN, "PostgreSQL: %s: %s", what, text);
}

int
store_connect(struct store *s, struct gh_error *err)
{
	int64_t deadline = gh_now_us() + (int64_t)s->timeout_ms * 1000;
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;
	char settings[SETTINGS_MAX];

	store_disconnect(s);
	if ((s->conn = PQconnectStart(s->conninfo)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "PostgreSQL connection");
	if (PQstatus(s->conn) == CONNECTION_BAD)
		return fail_down(s, "connect", err);
	while (state == PGRES_POLLING_WRITING || state == PGRES_POLLING_READING) {
		if (!store_poll(s->conn, state == PGRES_POLLING_WRITING, deadline))
			return fail_down(s, "connect: no answer in time", err);
		state = PQconnectPoll(s->conn);
	}
	if (state != PGRES_POLLING_OK || PQsetnonblocking(s->conn, 1) != 0)
		return fail_down(s, "connect", err);
	snprintf(settings, sizeof(settings), "SET statement_timeout = %d; SET application_name = 'gatehouse'; "
	    "SET timezone = 'UTC'; SET client_min_messages = warning", s->timeout_ms);
	return store_script(s, settings, err);
}

/* Everything the server has to say to one command; the last result, or the first failed one. */
static int
await(struct store *s, PGresult **out, struct gh_error *err)
{
	int64_t deadline = gh_now_us() + (int64_t)s->timeout_ms * 1000;
	PGresult *res;
	int flush;

	*out = NULL;
	while ((flush = PQflush(s->conn)) == 1) {
		if (!store_poll(s->conn, true, deadline))
			return fail_down(s, "no answer in time", err);
		if (!PQconsumeInput(s->conn))
			return fail_down(s, "lost", err);
	}
	if (flush != 0)
		return fail_down(s, "lost", err);
	for (;;) {
		while (PQisBusy(s->conn)) {
			if (!store_poll(s->conn, false, deadline)) {
				PQclear(*out);
				*out = NULL;
				return fail_down(s, "no answer in time", err);
			}
			if (!PQconsumeInput(s->conn)) {
				PQclear(*out);
				*out = NULL;
				return fail_down(s, "lost", err);
			}
		}
		if ((res = PQgetResult(s->conn)) == NULL)
			return 0;
		if (*out != NULL && PQresultStatus(*out) == PGRES_FATAL_ERROR) {
			PQclear(res);
			continue;
		}
		PQclear(*out);
		*out = res;
	}
}

/* Classes of SQLSTATE that are the server's trouble and not the statement's. */
static bool
is_down_state(const char *state)
{
	return strncmp(state, "08", 2) == 0 || strncmp(state, "57P", 3) == 0 || strncmp(state, "53", 2) == 0 ||
	    strcmp(state, "57014") == 0 /* statement_timeout */ || strcmp(state, "25006") == 0; /* standby */
}

static int
check(struct store *s, PGresult **res, char state[6], struct gh_error *err)
{
	const char *sqlstate;
	int rc;

	state[0] = '\0';
	if (*res == NULL || PQstatus(s->conn) == CONNECTION_BAD) {
		PQclear(*res);
		*res = NULL;
		return fail_down(s, "lost", err);
	}
	if (PQresultStatus(*res) == PGRES_TUPLES_OK || PQresultStatus(*res) == PGRES_COMMAND_OK)
		return 0;
	sqlstate = PQresultErrorField(*res, PG_DIAG_SQLSTATE);
	snprintf(state, 6, "%s", sqlstate != NULL ? sqlstate : "");
	rc = is_down_state(state) ? GH_E_DB_DOWN : GH_E_DB;
	gh_fail(err, rc, "PostgreSQL %s: %s", state, PQresultErrorField(*res, PG_DIAG_MESSAGE_PRIMARY));
	PQclear(*res);
	*res = NULL;
	if (rc == GH_E_DB_DOWN)
		store_disconnect(s);
	return rc;
}

int
store_script(struct store *s, const char *sql, struct gh_error *err)
{
	PGresult *res = NULL;
	char state[6];
	int rc;

	if (!PQsendQuery(s->conn, sql))
		return fail_down(s, "send", err);
	if ((rc = await(s, &res, err)) == 0)
		rc = check(s, &res, state, err);
	PQclear(res);
	return rc;
}

static int
prepare(struct store *s, const struct statement *st, struct gh_error *err)
{
	PGresult *res = NULL;
	char state[6];
	int rc;

	for (size_t i = 0; i < s->n_prepared; i++)
		if (s->prepared[i] == st->name)
			return 0;
	if (s->n_prepared == STATEMENTS_MAX)
		return gh_fail(err, GH_E_INTERNAL, "more than %d statements", STATEMENTS_MAX);
	if (!PQsendPrepare(s->conn, st->name, st->sql, 0, NULL))
		return fail_down(s, "send", err);
	if ((rc = await(s, &res, err)) != 0 || (rc = check(s, &res, state, err)) != 0)
		return rc;
	PQclear(res);
	s->prepared[s->n_prepared++] = st->name;
	return 0;
}

int
store_run(struct store *s, const struct statement *st, const struct params *p, PGresult **res, char state[6],
    struct gh_error *err)
{
	static const struct params none;
	int64_t begin = gh_now_us();
	int rc;

	*res = NULL;
	state[0] = '\0';
	if (p == NULL)
		p = &none;
	if (s->conn == NULL && (rc = store_connect(s, err)) != 0)
		return rc;
	if ((rc = prepare(s, st, err)) != 0)
		return rc;
	if (!PQsendQueryPrepared(s->conn, st->name, p->n, p->value, p->length, p->format, 0))
		return fail_down(s, "send", err);
	if ((rc = await(s, res, err)) == 0)
		rc = check(s, res, state, err);
	if (s->on_query != NULL)
		s->on_query(gh_now_us() - begin);
	return rc;
}

int
store_query(struct store *s, const struct statement *st, const struct params *p, PGresult **res,
    struct gh_error *err)
{
	bool was_connected = s->conn != NULL;
	char state[6];
	int64_t begin = gh_now_us();
	int rc = store_run(s, st, p, res, state, err);

	/* A connection that the server closed meanwhile is seen at its next use. A server that let the whole
	 * time pass is not asked again. */
	if (rc == GH_E_DB_DOWN && was_connected && gh_now_us() - begin < (int64_t)s->timeout_ms * 500)
		rc = store_run(s, st, p, res, state, err);
	return rc;
}

int
store_ping(struct store *s, struct gh_error *err)
{
	static const struct statement st = { "ping", "SELECT 1" };
	PGresult *res;
	int rc = store_query(s, &st, NULL, &res, err);

	PQclear(res);
	return rc;
}

static void
put(struct params *p, const char *value, size_t length, int format)
{
	/* a bug, never input: statements have a fixed number of parameters */
	if (p->n == PARAMS_MAX || length > INT32_MAX)
		abort();
	p->value[p->n] = value;
	p->length[p->n] = (int)length;
	p->format[p->n++] = format;
}

void
params_text(struct params *p, const char *text)
{
	put(p, text, 0, 0);
}

void
params_int(struct params *p, int64_t v)
{
	snprintf(p->number[p->n], sizeof(p->number[0]), "%" PRId64, v);
	put(p, p->number[p->n], 0, 0);
}

void
params_int_or_null(struct params *p, int64_t v)
{
	if (v == 0)
		put(p, NULL, 0, 0);
	else
		params_int(p, v);
}

void
params_bool(struct params *p, bool v)
{
	put(p, v ? "t" : "f", 0, 0);
}

void
params_bytes(struct params *p, const void *bytes, size_t n)
{
	put(p, bytes, n, 1);
}

int64_t
store_int(const PGresult *res, int row, int column)
{
	return strtoll(PQgetvalue(res, row, column), NULL, 10);
}
