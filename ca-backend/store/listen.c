/* Notifications of one channel, on a connection of their own. */
#include <poll.h>
#include <stdio.h>

#include "timestamp.h"

#include "store/servers.h"
#include "store/store_private.h"

/* A connection that is cut off, and one whose server was frozen and is not the primary any more,
 * says nothing for ever: it is asked so often. */
#define PING_US (5 * INT64_C(1000000))

static int
listen_again(struct store *s, const char *channel, bool *missed, struct gh_error *err)
{
	char sql[80];
	int rc;

	store_disconnect(s);
	snprintf(sql, sizeof(sql), "LISTEN %s", channel);
	if ((rc = store_connect(s, err)) != 0 ||
	    (rc = store_script(s, sql, s->timeout_ms, err)) != 0)
		return rc;
	s->is_listening = true;
	*missed = true;
	return 0;
}

static bool
take_all(struct store *s, void (*fn)(void *arg, const char *payload), void *arg)
{
	PGnotify *n;
	bool any = false;

	while ((n = PQnotifies(s->conn)) != NULL) {
		any = true;
		fn(arg, n->extra);
		PQfreemem(n);
	}
	return any;
}

/* True while nothing speaks against the connection. */
static bool
is_alive(struct store *s)
{
	if (s->has_others && store_server_is_silent_since(s->server, s->answered_us))
		return false;
	return gh_now_us() - s->answered_us < PING_US ||
	    store_script(s, "SELECT 1", s->timeout_ms, NULL) == 0;
}

int
store_listen(struct store *s, const char *channel, int timeout_ms,
    void (*fn)(void *arg, const char *payload), void *arg, bool *missed, struct gh_error *err)
{
	int64_t deadline = gh_now_us() + (int64_t)timeout_ms * 1000;
	int n;

	*missed = false;
	if (s->conn == NULL || !s->is_listening || !is_alive(s))
		return listen_again(s, channel, missed, err);
	while (!take_all(s, fn, arg)) {
		if ((n = store_poll(s, POLLIN, deadline)) == 0)
			return 0;
		if (n < 0 || PQconsumeInput(s->conn) != 1 || PQstatus(s->conn) != CONNECTION_OK)
			return listen_again(s, channel, missed, err);
	}
	return 0;
}
