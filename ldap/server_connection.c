/* LDAP handles: options, TLS, failover, deadlines. The only file that opens connections. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>

#include "measure.h"
#include "log.h"
#include "timestamp.h"

#include "dir_shared.h"

#include "server_connection.h"

/* A server that failed is asked after the others for so long. */
#define SYSTEM_CAS \
	"/etc/ssl/certs/ca-certificates.crt" /* as Debian's update-ca-certificates writes it */
#define DOWN_SECONDS 10
/* A goodbye on a dead connection may not block either. */
#define CLOSE_MS 500

/* Dead peers are found by TCP within about two minutes, also when nothing is asked. */
static const int keepalive_idle = 60, keepalive_probes = 3, keepalive_interval = 20;

/* --- the socket, for the watchdog ------------------------------------------------------------- */

static int
on_connect(LDAP *ld, Sockbuf *sb, LDAPURLDesc *server, struct sockaddr *address,
    struct ldap_conncb *cb)
{
	struct dir_conn *c = cb->lc_arg;
	ber_socket_t fd = -1;

	(void)ld;
	(void)server;
	(void)address;
	c->is_reached = true;
	if (ber_sockbuf_ctrl(sb, LBER_SB_OPT_GET_FD, &fd) != 1 || fd == -1)
		return -1;
	return dir_watch_socket(&c->watch, fd);
}

static void
on_disconnect(LDAP *ld, Sockbuf *sb, struct ldap_conncb *cb)
{
	struct dir_conn *c = cb->lc_arg;

	(void)ld;
	(void)sb;
	if (dir_watch_socket(&c->watch, -1) != 0)
		return; /* cannot be: nothing is duplicated */
}

/* --- handles ---------------------------------------------------------------------------------- */

void
dir_conn_init(struct dir_conn *c, struct dir_shared *s)
{
	memset(c, 0, sizeof *c);
	c->s = s;
	c->callback = (struct ldap_conncb){on_connect, on_disconnect, c};
}

void
dir_conn_close(struct dir_conn *c)
{
	if (c->ld == NULL)
		return;
	dir_watch_arm(&c->watch, CLOSE_MS);
	ldap_unbind_ext(c->ld, NULL, NULL);
	c->ld = NULL;
	dir_watch_remove(&c->watch);
}

static struct timeval
milliseconds(int ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

/* Option numbers differ, values are pointers: a table keeps the error check in one place. */
static bool
set_options(LDAP *ld, const struct gh_conf *conf, struct ldap_conncb *callback)
{
	const int version = LDAP_VERSION3, deref = LDAP_DEREF_NEVER;
	const unsigned user_timeout = (unsigned)conf->directory.operation_ms;
	const struct timeval connect = milliseconds(conf->directory.connect_ms),
			     operation = milliseconds(conf->directory.operation_ms);
	const struct {
		int option;
		const void *value;
	} table[] = {
	    {LDAP_OPT_PROTOCOL_VERSION, &version},
	    {LDAP_OPT_REFERRALS, LDAP_OPT_OFF},
	    {LDAP_OPT_DEREF, &deref},
	    {LDAP_OPT_RESTART, LDAP_OPT_ON},
	    {LDAP_OPT_NETWORK_TIMEOUT, &connect},
	    {LDAP_OPT_TIMEOUT, &operation},
	    {LDAP_OPT_TCP_USER_TIMEOUT, &user_timeout},
	    {LDAP_OPT_X_KEEPALIVE_IDLE, &keepalive_idle},
	    {LDAP_OPT_X_KEEPALIVE_PROBES, &keepalive_probes},
	    {LDAP_OPT_X_KEEPALIVE_INTERVAL, &keepalive_interval},
	    {LDAP_OPT_CONNECT_CB, callback},
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (ldap_set_option(ld, table[i].option, table[i].value) != LDAP_OPT_SUCCESS)
			return false;
	return true;
}

static bool
set_tls(LDAP *ld, const char *ca_file)
{
	const int demand = LDAP_OPT_X_TLS_DEMAND, minimum = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2,
		  is_server = 0;

	/* NEWCTX comes last: only then do the settings of this handle count */
	return ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTFILE, ca_file) == LDAP_OPT_SUCCESS &&
	    ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) == LDAP_OPT_SUCCESS &&
	    ldap_set_option(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, &minimum) == LDAP_OPT_SUCCESS &&
	    ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &is_server) == LDAP_OPT_SUCCESS;
}

static bool
has_scheme(const char *uri, const char *scheme)
{
	return strncasecmp(uri, scheme, strlen(scheme)) == 0;
}

int
dir_conn_check_uri(const char *uri, bool starttls, struct gh_error *err)
{
	LDAPURLDesc *url = NULL;

	if (ldap_url_parse(uri, &url) != LDAP_URL_SUCCESS)
		return gh_refuse(err, GH_E_CONF, "directory.uris: \"%.100s\" is no LDAP URI", uri);
	ldap_free_urldesc(url);
	if (has_scheme(uri, "ldapi://"))
		return 0;
	if (!has_scheme(uri, "ldaps://") && !(has_scheme(uri, "ldap://") && starttls))
		return gh_refuse(err, GH_E_CONF,
		    "directory.uris: passwords would cross \"%.100s\" in clear: use "
		    "ldaps:// or directory.starttls",
		    uri);
	return 0;
}

/* --- operations ------------------------------------------------------------------------------- */

bool
dir_conn_is_broken(int code)
{
	return code == LDAP_SERVER_DOWN || code == LDAP_TIMEOUT || code == LDAP_CONNECT_ERROR ||
	    code == LDAP_LOCAL_ERROR || code == LDAP_ENCODING_ERROR ||
	    code == LDAP_DECODING_ERROR || code == LDAP_BUSY || code == LDAP_UNAVAILABLE;
}

static void
mark_down(const struct dir_conn *c, bool is_slow)
{
	__atomic_store_n(&c->s->is_slow[c->uri], is_slow, __ATOMIC_RELAXED);
	__atomic_store_n(&c->s->down_until[c->uri], gh_now_us() + DOWN_SECONDS * INT64_C(1000000),
	    __ATOMIC_RELAXED);
}

/* Ends an operation: deadline, measurement, diagnosis; closes a broken connection. */
static int
finish(struct dir_conn *c, int64_t started, int rc, const char *what)
{
	bool in_time = dir_watch_disarm(&c->watch);
	char *text = NULL;

	gh_measure(GH_MEASURE_DIRECTORY, 0, gh_now_us() - started, NULL);
	/* the answer may have come in the instant before: the socket is shut down all the same */
	if (!in_time)
		rc = LDAP_TIMEOUT;
	if (rc == LDAP_SUCCESS)
		return rc;
	ldap_get_option(c->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text);
	snprintf(c->diagnostic, sizeof c->diagnostic, "%s at %s: %s%s%.120s", what,
	    c->s->uri[c->uri], ldap_err2string(rc), text != NULL && *text != '\0' ? ": " : "",
	    text != NULL ? text : "");
	ldap_memfree(text);
	/* a connection that ended (a restart, an idle limit) says nothing about the server; a slow
	 * answer does */
	if (dir_conn_is_broken(rc)) {
		if (rc != LDAP_SERVER_DOWN)
			mark_down(c, rc == LDAP_TIMEOUT);
		dir_conn_close(c);
	}
	return rc;
}

int
dir_conn_search(struct dir_conn *c, const struct dir_query *q, LDAPMessage **res)
{
	int ms = c->s->conf->directory.operation_ms;
	struct timeval limit = milliseconds(ms);
	int64_t started = gh_now_us();
	int rc;

	*res = NULL;
	dir_watch_arm(&c->watch, ms);
	/* libldap's API lacks the const; it only reads */
	rc = ldap_search_ext_s(c->ld, q->base, q->scope, q->filter, (char **)(uintptr_t)q->attrs, 0,
	    NULL, NULL, &limit, q->limit, res);
	rc = finish(c, started, rc, "search");
	if (rc != LDAP_SUCCESS && rc != LDAP_SIZELIMIT_EXCEEDED) {
		ldap_msgfree(*res);
		*res = NULL;
	}
	return rc;
}

int
dir_conn_write(struct dir_conn *c, const char *dn, LDAPMod **mods, bool is_new)
{
	int64_t started = gh_now_us();
	int rc;

	dir_watch_arm(&c->watch, c->s->conf->directory.operation_ms);
	rc = is_new ? ldap_add_ext_s(c->ld, dn, mods, NULL, NULL)
		    : ldap_modify_ext_s(c->ld, dn, mods, NULL, NULL);
	return finish(c, started, rc, is_new ? "add" : "modify");
}

int
dir_conn_bind(struct dir_conn *c, const char *dn, const char *password)
{
	struct berval secret = {strlen(password), (char *)(uintptr_t)password};
	int64_t started = gh_now_us();
	int rc;

	dir_watch_arm(&c->watch, c->s->conf->directory.operation_ms);
	rc = ldap_sasl_bind_s(c->ld, dn, LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL);
	return finish(c, started, rc, "bind");
}

/* --- opening ---------------------------------------------------------------------------------- */

/* A handle for one URI, not yet connected. */
static bool
make_handle(struct dir_conn *c, size_t uri)
{
	const struct gh_conf *conf = c->s->conf;
	const char *text = c->s->uri[uri];

	c->uri = uri;
	c->is_reached = false;
	if (ldap_initialize(&c->ld, text) != LDAP_SUCCESS) {
		c->ld = NULL;
		return false;
	}
	dir_watch_add(c->s->dog, &c->watch);
	if (set_options(c->ld, conf, &c->callback) &&
	    (has_scheme(text, "ldapi://") ||
		set_tls(c->ld,
		    *conf->directory.ca_file != '\0' ? conf->directory.ca_file : SYSTEM_CAS)))
		return true;
	dir_conn_close(c);
	return false;
}

static int
connect_now(struct dir_conn *c)
{
	int64_t started = gh_now_us();
	int rc;

	dir_watch_arm(&c->watch, c->s->conf->directory.connect_ms);
	rc = has_scheme(c->s->uri[c->uri], "ldap://") ? ldap_start_tls_s(c->ld, NULL, NULL)
						      : ldap_connect(c->ld);
	rc = finish(c, started, rc, "connect");
	/* no StartTLS, no use: whatever the server's reason */
	if (rc != LDAP_SUCCESS) {
		c->state =
		    c->is_reached && rc != LDAP_TIMEOUT ? DIR_STATE_TLS : DIR_STATE_UNREACHABLE;
		dir_conn_close(c);
	}
	return rc;
}

static int
bind_service(struct dir_conn *c)
{
	int rc = dir_conn_bind(c, c->s->conf->directory.bind_dn, c->s->password);

	if (rc != LDAP_SUCCESS) {
		c->state = dir_conn_is_broken(rc) ? DIR_STATE_UNREACHABLE : DIR_STATE_CREDENTIALS;
		dir_conn_close(c);
	}
	return rc;
}

static bool
open_one(struct dir_conn *c, size_t uri, bool as_service)
{
	if (!make_handle(c, uri)) {
		snprintf(c->diagnostic, sizeof c->diagnostic,
		    "no handle for %s (is directory.ca_file readable?)", c->s->uri[uri]);
		c->state = DIR_STATE_TLS;
		return false;
	}
	if (connect_now(c) != LDAP_SUCCESS)
		return false;
	if (as_service && c->s->password != NULL && bind_service(c) != LDAP_SUCCESS)
		return false;
	c->opened_us = gh_now_us();
	__atomic_store_n(&c->s->down_until[uri], 0, __ATOMIC_RELAXED);
	return true;
}

static bool
open_and_mark(struct dir_conn *c, size_t uri, bool as_service)
{
	int64_t started = gh_now_us();

	if (open_one(c, uri, as_service))
		return true;
	/* however libldap named it */
	mark_down(c, (gh_now_us() - started) / 1000 >= c->s->conf->directory.connect_ms / 2);
	return false;
}

/* A server that does not answer holds a thread until the deadline: one thread at a time is enough
 * to see when it comes back, the others go on at once. */
static bool
try_down(struct dir_conn *c, size_t uri, bool as_service)
{
	bool ok;

	if (__atomic_load_n(&c->s->is_slow[uri], __ATOMIC_RELAXED) == 0)
		return open_and_mark(c, uri, as_service);
	if (__atomic_exchange_n(&c->s->is_probed[uri], 1, __ATOMIC_ACQUIRE) != 0) {
		snprintf(c->diagnostic, sizeof c->diagnostic, "%s does not answer", c->s->uri[uri]);
		c->state = DIR_STATE_UNREACHABLE;
		return false;
	}
	ok = open_and_mark(c, uri, as_service);
	__atomic_store_n(&c->s->is_probed[uri], 0, __ATOMIC_RELEASE);
	return ok;
}

/* The cause at the server where it came furthest says most: with a wrong password, not that another
 * is off. */
struct furthest {
	enum dir_state state;
	char diagnostic[DIR_DIAGNOSTIC_MAX];
};

static void
keep_furthest(struct furthest *f, const struct dir_conn *c)
{
	if (*f->diagnostic != '\0' && c->state <= f->state)
		return;
	f->state = c->state;
	memcpy(f->diagnostic, c->diagnostic, sizeof f->diagnostic);
}

int
dir_conn_open(struct dir_conn *c, bool as_service, struct gh_error *err)
{
	int64_t now = gh_now_us();
	bool is_down[DIR_URIS_MAX];
	struct furthest f = {0};

	if (c->ld != NULL)
		return 0;
	for (size_t i = 0; i < c->s->uris; i++)
		is_down[i] = __atomic_load_n(&c->s->down_until[i], __ATOMIC_RELAXED) > now;
	for (size_t i = 0; i < c->s->uris; i++) {
		if (is_down[i])
			continue;
		if (open_and_mark(c, i, as_service))
			return 0;
		keep_furthest(&f, c);
		/* once, not for every request while it lasts */
		gh_log(GH_LOG_WARN, "directory: %s", c->diagnostic);
	}
	for (size_t i = 0; i < c->s->uris; i++) {
		if (!is_down[i])
			continue;
		if (try_down(c, i, as_service))
			return 0;
		keep_furthest(&f, c);
		gh_log(GH_LOG_DEBUG, "directory: %s", c->diagnostic);
	}
	c->state = f.state;
	memcpy(c->diagnostic, f.diagnostic, sizeof c->diagnostic);
	return gh_fail(err, GH_E_DIR_DOWN, "%s: %s", dir_state_name(c->state), c->diagnostic);
}

int
dir_conn_open_server(struct dir_conn *c, size_t uri, struct gh_error *err)
{
	dir_conn_close(c);
	if (open_and_mark(c, uri, true))
		return 0;
	return gh_fail(err, GH_E_DIR_DOWN, "%s: %s", dir_state_name(c->state), c->diagnostic);
}
