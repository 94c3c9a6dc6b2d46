/* One request and its answer. See exchange.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "timestamp.h"

#include "app_state.h"
#include "exchange.h"

#define HSTS "max-age=31536000; includeSubDomains" /* RFC 6797, 6.1 */
#define FIELDS_MAX 16384                           /* bytes of all fields of an answer */

struct app_state app_state;

/* ---- one line in the log ---- */

static const char *
method_name(enum gh_http_method m)
{
	return m == GH_HTTP_GET   ? "GET"
	    : m == GH_HTTP_HEAD   ? "HEAD"
	    : m == GH_HTTP_POST   ? "POST"
	    : m == GH_HTTP_PUT    ? "PUT"
	    : m == GH_HTTP_DELETE ? "DELETE"
				  : "OTHER";
}

static bool
is_routine(const struct exchange *x)
{
	const struct route *route = x->match.route;

	return route != NULL && route->quiet && x->rep.status < 400 && x->trace.code == NULL;
}

static void
log_exchange(const struct exchange *x, int64_t us, bool is_gone)
{
	const struct gh_http_reply *rep = &x->rep;
	const struct route *route = x->match.route;
	char status[16], ms[32];

	snprintf(status, sizeof(status), "%d", rep->status);
	snprintf(ms, sizeof(ms), "%.3f", (double)us / 1000);
	gh_log_context(x->req.request_id, x->trace.requester);
	gh_log_call(is_routine(x) ? GH_LOG_DEBUG : GH_LOG_INFO, "request", &x->trace.event,
	    "method", method_name(x->req.method), "path", x->req.path != NULL ? x->req.path : "",
	    "route", route != NULL ? route->name : "none", "status", status, "ms", ms, "address",
	    x->req.address, "app", x->trace.app, "client_cert",
	    x->req.client_cert != NULL ? "verified" : "none", "client",
	    is_gone ? "gone" : "answered", "code", x->trace.code != NULL ? x->trace.code : "",
	    "cause", x->trace.cause, NULL);
	gh_log_context(NULL, NULL);
}

static void
finish(const struct exchange *x, bool is_gone)
{
	int64_t us = gh_now_us() - x->started_us;
	size_t route =
	    x->match.route != NULL ? (size_t)(x->match.route - route_table) : METRICS_NO_ROUTE;

	metrics_request(route, x->rep.status, us);
	log_exchange(x, us, is_gone);
}

/* ---- the answer ---- */

/* Nothing that a handler puts into a value can begin a line of its own. */
static void
put_field(struct gh_buf *out, const char *name, const char *value)
{
	gh_buf_puts(out, name);
	gh_buf_puts(out, ": ");
	for (; *value != '\0'; value++)
		gh_buf_putc(out, (unsigned char)*value < 0x20 || *value == 0x7f ? ' ' : *value);
	gh_buf_puts(out, "\r\n");
}

static void
put_fields(struct gh_buf *out, const struct exchange *x)
{
	const struct gh_http_reply *rep = &x->rep;
	bool has_cache_control = false;

	for (size_t i = 0; i < rep->headers; i++) {
		if (strcasecmp(rep->header[i].name, "date") == 0)
			continue; /* each answer has one */
		put_field(out, rep->header[i].name, rep->header[i].value);
		has_cache_control |= strcasecmp(rep->header[i].name, "cache-control") == 0;
	}
	if (rep->content_type != NULL)
		put_field(out, "Content-Type", rep->content_type);
	if (!has_cache_control)
		put_field(out, "Cache-Control", "no-store");
	put_field(out, "X-Content-Type-Options", "nosniff");
	if (!x->req.is_plain)
		put_field(out, "Strict-Transport-Security", HSTS);
	put_field(out, "X-Request-Id", x->req.request_id);
	put_field(out, "X-CSS-CMS-API-Version",
	    route_match_family(&x->match, x->req.path)->version);
	put_field(out, "X-Keyfactor-Product-Version", GATEHOUSE_VERSION);
}

static void
free_exchange(struct exchange *x)
{
	http_budget_return(&app_state.http.bodies, x->body_reserved);
	gh_http_request_clear(&x->req);
	gh_http_reply_clear(&x->rep);
	free(x);
}

/* Also frees x. */
static void
send_reply(struct exchange *x)
{
	struct gh_http_reply *rep = &x->rep;
	struct http_answer a = {.status = rep->status, .shared = rep->shared, .owned = rep->body};
	struct gh_buf fields;
	bool is_sent;

	gh_buf_init(&fields, FIELDS_MAX);
	put_fields(&fields, x);
	if (fields.failed) {
		gh_buf_free(&fields);
		gh_buf_init(&fields, FIELDS_MAX);
		a.status = rep->status = 500;
	}
	a.fields = (const char *)fields.data;
	a.fields_len = fields.len;
	a.body = rep->shared != NULL ? rep->shared->data : rep->body;
	a.body_len = rep->shared != NULL ? rep->shared->len : rep->body_len;
	rep->body = NULL;
	is_sent = http_conn_answer(x->conn, &a);
	gh_buf_free(&fields);
	finish(x, !is_sent);
	free_exchange(x);
}

void
exchange_refuse(struct exchange *x, const struct gh_error *err)
{
	route_refuse(app_state.conf, err, &x->match, &x->req, &x->rep, &x->trace);
}

/* ---- the life of an exchange ---- */

static struct exchange *
new_exchange(struct http_conn *c)
{
	static const struct http_answer no_memory = {.status = 500, .fields = "", .body = NULL};
	struct exchange *x = calloc(1, sizeof(*x));

	if (x == NULL) {
		c->closes = true;
		(void)http_conn_answer(c, &no_memory);
		return NULL;
	}
	x->started_us = gh_now_us();
	x->conn = c;
	return x;
}

void
exchange_finished(struct exchange *x)
{
	if (x->conn != NULL) {
		send_reply(x);
		return;
	}
	finish(x, true);
	free_exchange(x);
}

static void
on_gone(struct http_conn *c)
{
	struct exchange *x = c->exchange;

	x->conn = NULL; /* a pool thread works for it: exchange_finished drops it */
}

/* ---- requests ---- */

static int
admit(struct http_conn *c, size_t *max, struct gh_error *err)
{
	const struct gh_conf *conf = app_state.conf;
	const struct http_head *h = http_conn_head(c);
	struct route_match m;
	int rc = route_find(conf, h->method, h->path, &m, err);

	*max = 0;
	if (rc == 0)
		rc = route_admit(m.route, c->is_plain, err);
	if (rc != 0)
		return rc;
	if (m.route->body_max == 0)
		return gh_refuse(err, GH_E_BAD_REQUEST, "This method takes no body here.");
	*max = m.route->body_max < (size_t)conf->gateway.body_max ? m.route->body_max
								  : (size_t)conf->gateway.body_max;
	return 0;
}

/* From the bytes that were received. */
static bool
is_answered_fast(struct http_conn *c)
{
	const struct enroll_env env = {.conf = app_state.conf, .ocsp = app_state.ocsp};
	const struct http_head *h = http_conn_head(c);
	struct route_match m;

	return route_find(env.conf, h->method, h->path, &m, NULL) == 0 && m.route->fast != NULL &&
	    route_admit(m.route, c->is_plain, NULL) == 0 && m.route->fast(&env, c, &m);
}

static bool
is_cached(struct exchange *x)
{
	const struct route *r = x->match.route;

	return r->cached != NULL && route_admit(r, x->req.is_plain, NULL) == 0 &&
	    r->cached(&x->req, &x->match, &x->rep);
}

static void
answer_on_loop(struct exchange *x)
{
	struct enroll_env env = {.conf = app_state.conf};

	route_dispatch(&env, NULL, &x->match, &x->req, &x->rep, &x->trace);
}

/* Give it to the pool. The pool thread does not look at conn. */
static int
park(struct exchange *x, struct gh_error *err)
{
	struct http_conn *c = x->conn;
	int rc;

	c->exchange = x;
	rc = exchange_submit(x, err);
	if (rc != 0)
		c->exchange = NULL;
	return rc;
}

static void
serve(struct http_conn *c)
{
	struct gh_error err = {0};
	struct exchange *x;
	int rc;

	if (is_answered_fast(c) || (x = new_exchange(c)) == NULL)
		return;
	rc = exchange_read(x, &err);
	if (rc != 0)
		c->closes = true; /* a proxy in front may have read it in another way */
	else
		rc = route_find(app_state.conf, x->req.method, x->req.path, &x->match, &err);
	if (rc == 0 && is_cached(x)) {
		x->trace.code = x->rep.code;
	} else if (rc == 0 && x->match.route->on_loop) {
		answer_on_loop(x);
	} else if (rc == 0) {
		rc = park(x, &err);
		if (rc == 0)
			return;
	}
	if (rc != 0)
		exchange_refuse(x, &err);
	send_reply(x);
}

/* What the connection cannot make a request of, or admit has refused. */
static void
refuse(struct http_conn *c, const struct gh_error *why)
{
	struct exchange *x = new_exchange(c);
	struct gh_error ignored;

	if (x == NULL)
		return;
	/* as much as there is: for the log, for the form of the answer, and for Allow */
	if (exchange_read(x, &ignored) == 0 && *x->req.path != '\0')
		(void)!route_find(app_state.conf, x->req.method, x->req.path, &x->match, &ignored);
	exchange_refuse(x, why);
	send_reply(x);
}

const struct http_app exchange_app = {.admit = admit,
    .serve = serve,
    .refuse = refuse,
    .gone = on_gone};
