/*
 * One connection to PostgreSQL: statement, deadline, transaction. Everything is non-blocking and
 * waits in poll(2), so that a server that is frozen or cut off holds a thread no longer than
 * timeout_ms.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "measure.h"
#include "log.h"
#include "timestamp.h"

#include "store/servers.h"
#include "store/store_private.h"

#define UNWANTED_MS 100 /* how soon it is noticed that nobody wants an answer */

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
	free(s->prepared);
	free(s->conninfo);
	gh_json_free(s->packages);
	OPENSSL_cleanse(s->grant_key, sizeof(s->grant_key));
	free(s);
}

void
store_measure(struct store *s)
{
	s->is_measured = true;
}

void
store_disconnect(struct store *s)
{
	PQfinish(s->conn);
	s->conn = NULL;
	s->is_watched = false;
	s->prepared_n = 0;
	s->is_listening = false;
	s->is_asked = false;
}

/* libpq's texts end with a line feed and may have several lines; the log wants one. */
void
store_failure_text(const struct store *s, char text[STORE_FAILURE_MAX])
{
	size_t i;

	snprintf(text, STORE_FAILURE_MAX, "%s",
	    s->conn != NULL ? PQerrorMessage(s->conn) : "out of memory");
	for (i = 0; text[i] != '\0'; i++)
		if (text[i] == '\n' || text[i] == '\t')
			text[i] = ' ';
	while (i > 0 && text[i - 1] == ' ')
		text[--i] = '\0';
}

static int
fail_connection(struct store *s, const char *what, struct gh_error *err)
{
	char text[STORE_FAILURE_MAX];

	store_failure_text(s, text);
	store_disconnect(s);
	return gh_fail(err, GH_E_DB_DOWN, "%s: %s", what, text);
}

/* The server gives up earlier than we do: it is frozen, or cut off. */
static int
fail_deadline(struct store *s, const char *what, struct gh_error *err)
{
	store_server_silent(s->server);
	store_disconnect(s);
	return gh_fail(err, GH_E_DB_DOWN, "%s: no answer within %d ms", what, s->timeout_ms);
}

/* In pieces, where somebody may lose interest. */
int
store_poll(struct store *s, short events, int64_t deadline)
{
	struct pollfd p = {.fd = PQsocket(s->conn), .events = events};
	int64_t left, ms;
	int n;

	if (p.fd < 0)
		return -1;
	do {
		left = deadline - gh_now_us();
		ms = left > 0 ? (left + 999) / 1000 : 0;
		if (s->unwanted != NULL && ms > UNWANTED_MS)
			ms = UNWANTED_MS;
		n = poll(&p, 1, (int)ms);
	} while ((n < 0 && errno == EINTR) ||
	    (n == 0 && !store_is_unwanted(s) && gh_now_us() < deadline));
	return n < 0 ? -1 : n;
}

/* --- statements ------------------------------------------------------------------------------- */

/* Send what is queued and wait for the whole answer. 0, or GH_E_DB_DOWN with the connection
 * gone. */
static int
wait_answer(struct store *s, int64_t deadline, struct gh_error *err)
{
	int unsent = PQflush(s->conn), n;

	while (unsent == 1 || (unsent == 0 && PQisBusy(s->conn))) {
		n = store_poll(s, (short)(unsent == 1 ? POLLIN | POLLOUT : POLLIN), deadline);
		if (n == 0 && store_is_unwanted(s)) {
			store_disconnect(s);
			return gh_fail(err, GH_E_DB_DOWN, "statement: nobody wants its answer");
		}
		if (n == 0)
			return fail_deadline(s, "statement", err);
		if (n < 0 || PQconsumeInput(s->conn) != 1) {
			s->was_lost = true;
			return fail_connection(s, "connection lost", err);
		}
		if (unsent == 1)
			unsent = PQflush(s->conn);
	}
	if (unsent == 0) {
		s->answered_us = gh_now_us();
		return 0;
	}
	s->was_lost = true;
	return fail_connection(s, "connection lost", err);
}

/* SQLSTATE to code. The text is the primary message: details and context may hold values of a
 * row. */
static int
fail_result(struct store *s, const PGresult *res, struct gh_error *err)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *constraint = PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME);
	enum gh_code code = GH_E_DB;

	if (state == NULL) { /* made by libpq itself: the connection broke */
		s->was_lost = true;
		return fail_connection(s, "connection lost", err);
	}
	if (text == NULL)
		text = "";
	if (strcmp(state, "23505") == 0) {
		snprintf(s->constraint, sizeof(s->constraint), "%s",
		    constraint != NULL ? constraint : "");
		code = GH_E_CONFLICT;
	} else if (strncmp(state, "08", 2) == 0 || strncmp(state, "57P0", 4) == 0) {
		s->was_lost = true; /* the server is going down or coming up */
		code = GH_E_DB_DOWN;
	} else if (strcmp(state, "55P03") == 0) {
		code = GH_E_BUSY; /* lock_timeout: others are at work on the row */
	} else if (strncmp(state, "53", 2) == 0 || strcmp(state, "57014") == 0 ||
	    strcmp(state, "25006") == 0)
		code = GH_E_DB_DOWN; /* out of resources; statement_timeout; a standby */
	snprintf(s->sqlstate, sizeof(s->sqlstate), "%s", state);
	store_trouble_state(state);
	gh_fail(err, code, "SQLSTATE %s: %s", state, text);
	/* what has become a standby is not the server to ask */
	if (s->was_lost || (s->has_others && strcmp(state, "25006") == 0))
		store_disconnect(s);
	return code;
}

/* Take all results; the first failure counts, else the last result. */
static int
take_results(struct store *s, int64_t deadline, PGresult **out, struct gh_error *err)
{
	PGresult *res, *last = NULL;
	int rc = 0;

	s->is_unreplicated = false;
	s->sqlstate[0] = '\0';
	while (rc == 0 && (rc = wait_answer(s, deadline, err)) == 0 &&
	    (res = PQgetResult(s->conn)) != NULL) {
		ExecStatusType t = PQresultStatus(res);

		PQclear(last);
		last = res;
		if (t != PGRES_COMMAND_OK && t != PGRES_TUPLES_OK)
			break;
	}
	if (rc == 0 && last == NULL) {
		s->was_lost = true;
		rc = fail_connection(s, "no result", err);
	} else if (rc == 0 && PQresultStatus(last) != PGRES_COMMAND_OK &&
	    PQresultStatus(last) != PGRES_TUPLES_OK) {
		rc = fail_result(s, last, err);
		while (s->conn != NULL && wait_answer(s, deadline, NULL) == 0 &&
		    (res = PQgetResult(s->conn)) != NULL)
			PQclear(res);
	}
	/* the answer must not be given before it is safe; the same request again finds what was
	 * recorded */
	if (rc == 0 && s->is_unreplicated)
		rc = gh_fail(err, GH_E_DB_DOWN, "committed, but the standby has not confirmed it");
	if (rc != 0) {
		PQclear(last);
		last = NULL;
	}
	*out = last;
	return rc;
}

int
store_script_begin(struct store *s, const char *sql, struct gh_error *err)
{
	if (PQsendQuery(s->conn, sql) == 1)
		return 0;
	return fail_connection(s, "cannot send", err);
}

int
store_script_end(struct store *s, int timeout_ms, struct gh_error *err)
{
	PGresult *res;
	int rc = take_results(s, gh_now_us() + (int64_t)timeout_ms * 1000, &res, err);

	PQclear(res);
	return rc;
}

int
store_script(struct store *s, const char *sql, int timeout_ms, struct gh_error *err)
{
	int rc = store_script_begin(s, sql, err);

	return rc == 0 ? store_script_end(s, timeout_ms, err) : rc;
}

static bool
is_prepared(const struct store *s, const struct store_statement *st)
{
	for (size_t i = 0; i < s->prepared_n; i++)
		if (s->prepared[i] == st)
			return true;
	return false;
}

static bool
has_room_for_one(struct store *s)
{
	size_t cap = s->prepared_cap > 0 ? 2 * s->prepared_cap : 32;
	const struct store_statement **larger;

	if (s->prepared_n < s->prepared_cap)
		return true;
	larger = realloc(s->prepared, cap * sizeof(*larger));
	if (larger == NULL)
		return false;
	s->prepared = larger;
	s->prepared_cap = cap;
	return true;
}

static int
prepare(struct store *s, const struct store_statement *st, int64_t deadline, struct gh_error *err)
{
	PGresult *res;
	int rc;

	if (!has_room_for_one(s))
		return gh_fail(err, GH_E_NOMEM, "prepared statements");
	if (PQsendPrepare(s->conn, st->name, st->sql, 0, NULL) != 1) {
		s->was_lost = true;
		return fail_connection(s, "cannot send", err);
	}
	if ((rc = take_results(s, deadline, &res, err)) == 0)
		s->prepared[s->prepared_n++] = st;
	PQclear(res);
	return rc;
}

/* Parameters as libpq takes them. */
struct arguments {
	int n;
	const char *value[STORE_ROWS_MAX * STORE_PARAMS_MAX];
	int length[STORE_ROWS_MAX * STORE_PARAMS_MAX];
	int format[STORE_ROWS_MAX * STORE_PARAMS_MAX];
};

static int
join_rows(struct arguments *a, const struct store_params *const *row, size_t n,
    struct gh_error *err)
{
	a->n = 0;
	if (n > STORE_ROWS_MAX)
		return gh_fail(err, GH_E_INTERNAL, "%zu rows in one statement", n);
	for (size_t i = 0; i < n; i++) {
		if (row[i]->failed)
			return gh_fail(err, GH_E_NOMEM, "parameters");
		for (int k = 0; k < row[i]->n; k++, a->n++) {
			a->value[a->n] = row[i]->value[k];
			a->length[a->n] = row[i]->length[k];
			a->format[a->n] = row[i]->format[k];
		}
	}
	return 0;
}

/* An answer that nobody took would be taken for that to the next question. */
static int
fail_uncollected(struct store *s, struct gh_error *err)
{
	store_disconnect(s);
	return gh_fail(err, GH_E_INTERNAL, "the answer to a statement was not collected");
}

static int
send_arguments(struct store *s, const struct store_statement *st, const struct arguments *a,
    struct gh_error *err)
{
	int rc, sent;

	s->was_lost = false;
	s->asked_us = gh_now_us();
	if (s->is_asked)
		return fail_uncollected(s, err);
	if (s->in_transaction && s->conn == NULL)
		return gh_fail(err, GH_E_DB_DOWN, "connection lost inside a transaction");
	if (!s->in_transaction && (rc = store_connect(s, err)) != 0)
		return rc;
	if ((rc = store_let_server_watch(s, err)) != 0)
		return rc;
	s->deadline = gh_now_us() + (int64_t)s->timeout_ms * 1000;
	if (st->name != NULL && !is_prepared(s, st) && (rc = prepare(s, st, s->deadline, err)) != 0)
		return rc;
	sent = st->name != NULL
	    ? PQsendQueryPrepared(s->conn, st->name, a->n, a->value, a->length, a->format, 0)
	    : PQsendQueryParams(s->conn, st->sql, a->n, NULL, a->value, a->length, a->format, 0);
	if (sent != 1) {
		s->was_lost = true;
		return fail_connection(s, "cannot send", err);
	}
	s->is_asked = true;
	return 0;
}

int
store_send(struct store *s, const struct store_statement *st, const struct store_params *p,
    struct gh_error *err)
{
	struct arguments a;
	int rc = join_rows(&a, &p, 1, err);

	return rc == 0 ? send_arguments(s, st, &a, err) : rc;
}

int
store_collect(struct store *s, PGresult **res, struct gh_error *err)
{
	int rc;

	*res = NULL;
	if (!s->is_asked)
		return gh_fail(err, GH_E_INTERNAL, "no statement was sent");
	rc = take_results(s, s->deadline, res, err);
	s->is_asked = false;
	if (s->is_measured)
		gh_measure(GH_MEASURE_DATABASE, 0, gh_now_us() - s->asked_us, NULL);
	return rc;
}

static int
run_once(struct store *s, const struct store_statement *st, const struct arguments *a,
    PGresult **res, struct gh_error *err)
{
	int rc = send_arguments(s, st, a, err);

	return rc == 0 ? store_collect(s, res, err) : rc;
}

int
store_run_rows(struct store *s, const struct store_statement *st,
    const struct store_params *const *row, size_t n, PGresult **res, struct gh_error *err)
{
	struct arguments a;
	struct gh_error own;
	int rc;

	*res = NULL;
	if (err == NULL)
		err = &own;
	if ((rc = join_rows(&a, row, n, err)) != 0)
		return rc;
	rc = run_once(s, st, &a, res, err);
	/* 40001 serialization_failure, 40P01 deadlock_detected: the server has undone it */
	if (rc == GH_E_DB && !s->in_transaction && strncmp(s->sqlstate, "40", 2) == 0)
		rc = run_once(s, st, &a, res, err);
	return rc;
}

int
store_run(struct store *s, const struct store_statement *st, const struct store_params *p,
    PGresult **res, struct gh_error *err)
{
	return store_run_rows(s, st, &p, 1, res, err);
}
