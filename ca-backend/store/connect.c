/* Connecting: each server for its share of the time, until one takes us. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "timestamp.h"

#include "store/servers.h"
#include "store/store_private.h"

/* A statement may be given minutes; who waits so long for a connection waits for nothing. */
#define CONNECT_MS_MAX 10000

struct attempt {
	struct store *s;
	const struct store_servers *servers;
	const struct store_server *server;
	int64_t deadline; /* of this one server */
	bool was_silent;
	char text[STORE_FAILURE_MAX]; /* why the servers so far did not take us */
};

/* A commit that a synchronous standby has not confirmed comes with a warning and no error when
 * somebody cancels the wait. The name of the function is never translated. */
static void
take_notice(void *arg, const PGresult *res)
{
	const char *function = PQresultErrorField(res, PG_DIAG_SOURCE_FUNCTION);
	struct store *s = arg;

	if (function != NULL && strcmp(function, "SyncRepWaitForLSN") == 0)
		s->is_unreplicated = true;
}

static void
note(struct attempt *a, const char *what)
{
	size_t len = strlen(a->text);

	if (a->servers->n > 1)
		snprintf(a->text + len, sizeof(a->text) - len, "%s%.60s%s%.10s: %.120s",
		    len > 0 ? "; " : "",
		    a->server->address != NULL    ? a->server->address
			: a->server->host != NULL ? a->server->host
						  : "default",
		    a->server->port != NULL ? ":" : "",
		    a->server->port != NULL ? a->server->port : "", what);
	else
		snprintf(a->text + len, sizeof(a->text) - len, "%s", what);
}

static void
note_libpq(struct attempt *a)
{
	char text[STORE_FAILURE_MAX];

	store_failure_text(a->s, text);
	note(a, text);
}

static PGconn *
start(const struct attempt *a)
{
	const struct store_server *v = a->server;
	/* the later of two settings counts, and an empty one is none */
	const char *const keywords[] = {"dbname", "host", "hostaddr", "port",
	    "target_session_attrs", NULL};
	const char *const values[] = {a->s->conninfo, v->host, v->address, v->port,
	    a->servers->session, NULL};

	return PQconnectStartParams(keywords, values, 1);
}

static bool
wait_connected(struct attempt *a)
{
	PostgresPollingStatusType t = PGRES_POLLING_WRITING;
	char text[48];
	int n = 1;

	while (t != PGRES_POLLING_OK && t != PGRES_POLLING_FAILED && n > 0) {
		n = store_poll(a->s, t == PGRES_POLLING_READING ? POLLIN : POLLOUT, a->deadline);
		if (n > 0)
			t = PQconnectPoll(a->s->conn);
	}
	if (t == PGRES_POLLING_OK)
		return true;
	a->was_silent = n == 0;
	if (a->was_silent) {
		snprintf(text, sizeof(text), "no answer in time");
		note(a, text);
	} else {
		note_libpq(a);
	}
	return false;
}

/* The server gives up before we do, so that a slow statement does not cost the connection. */
static bool
set_up_session(struct attempt *a)
{
	struct store *s = a->s;
	int left = (int)((a->deadline - gh_now_us()) / 1000);
	struct gh_error err = {0};
	char sql[300];

	if (PQsetnonblocking(s->conn, 1) != 0) {
		note_libpq(a);
		return false;
	}
	snprintf(sql, sizeof(sql),
	    "SET statement_timeout = %d; SET TIME ZONE 'UTC'; SET client_encoding = 'UTF8'; "
	    "SET bytea_output = hex; SET default_transaction_isolation = 'read committed'",
	    s->timeout_ms - s->timeout_ms / 10);
	if (store_script(s, sql, left > 1 ? left : 1, &err) == 0)
		return true;
	note(a, err.detail);
	return false;
}

/* Until the server has seen who we are. */
static bool
connect_as_user(struct attempt *a)
{
	struct store *s = a->s;
	struct store_login_saved saved;
	bool ok = false;

	if (!store_login_enter(&s->login, &saved)) {
		note(a, "the user cannot be changed");
		return false;
	}
	s->conn = start(a);
	if (s->conn == NULL || PQstatus(s->conn) == CONNECTION_BAD) {
		note_libpq(a);
	} else {
		PQsetNoticeReceiver(s->conn, take_notice, s);
		ok = wait_connected(a);
	}
	store_login_leave(&saved);
	return ok;
}

static bool
connect_one(struct attempt *a)
{
	struct store *s = a->s;

	a->was_silent = false;
	s->server = a->server->key;
	s->has_others = a->servers->n > 1;
	if (connect_as_user(a) && set_up_session(a)) {
		store_server_answered(s->server);
		store_trouble_end(STORE_NO_CONNECTION);
		s->answered_us = gh_now_us();
		return true;
	}
	if (a->was_silent)
		store_server_silent(s->server);
	store_disconnect(s);
	return false;
}

/* Of the time that is left each server that is left gets the same, or connect_timeout if that is
 * less. */
static int64_t
share_us(const struct store_servers *v, size_t left, int64_t time_left)
{
	int64_t share = time_left / (int64_t)left, limit = (int64_t)v->connect_ms * 1000;

	return limit > 0 && limit < share ? limit : share;
}

static int
try_all(struct store *s, const struct store_servers *servers, struct gh_error *err)
{
	int ms = s->timeout_ms < CONNECT_MS_MAX ? s->timeout_ms : CONNECT_MS_MAX;
	int64_t deadline = gh_now_us() + (int64_t)ms * 1000, now;
	struct attempt a = {.s = s, .servers = servers};

	for (size_t i = 0; i < servers->n && (now = gh_now_us()) < deadline; i++) {
		a.server = &servers->v[i];
		a.deadline = now + share_us(servers, servers->n - i, deadline - now);
		if (connect_one(&a))
			return 0;
	}
	store_trouble_note(STORE_NO_CONNECTION);
	return gh_fail(err, GH_E_DB_DOWN, "cannot connect: %s", a.text);
}

/* A connection that was idle: has the server closed it, or said that it will? Costs one system
 * call. Has another thread found its server silent, so that waiting for it is in vain? */
static bool
is_usable(struct store *s)
{
	int n;

	if (s->conn == NULL || PQstatus(s->conn) != CONNECTION_OK)
		return false;
	if (s->has_others && store_server_is_silent_since(s->server, s->answered_us))
		return false;
	while ((n = store_poll(s, POLLIN, 0)) > 0) {
		if (PQconsumeInput(s->conn) != 1 || PQstatus(s->conn) != CONNECTION_OK)
			return false;
		if (store_poll(s, POLLIN, 0) == 0)
			return true; /* a notice or a parameter's change */
	}
	return n == 0;
}

int
store_connect(struct store *s, struct gh_error *err)
{
	struct store_servers servers;
	int rc;

	if (is_usable(s))
		return 0;
	store_disconnect(s);
	if ((rc = store_servers_read(s->conninfo, &servers, err)) != 0)
		return rc;
	rc = try_all(s, &servers, err);
	store_servers_clear(&servers);
	return rc;
}

int
store_ping(struct store *s, struct gh_error *err)
{
	static const struct store_statement st = {"ping", "SELECT 1"};
	struct store_params p = {0};
	PGresult *res;
	int rc = store_read(s, &st, &p, &res, err);

	PQclear(res);
	return rc;
}
