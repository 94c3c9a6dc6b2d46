/* The end of an exchange. See exchange_reply.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "timestamp.h"

#include "exchange_reply.h"
#include "metrics/metrics.h"

#define HSTS "max-age=31536000; includeSubDomains" /* RFC 6797, 6.1 */
#define FIELDS_MAX 16384                           /* bytes of all fields of an answer */

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

/* "": without TLS nothing is resumed. */
static const char *
resumed(const struct gh_tls *tls)
{
	return tls->protocol == NULL ? "" : tls->is_resumed ? "yes" : "no";
}

/* Verified by the CAs of gateway.client_ca_file; or sent, and for others to verify. */
static const char *
client_cert(const struct gh_http_request *req)
{
	if (req->client_cert != NULL)
		return "verified";
	return req->client_chain != NULL ? "unverified" : "none";
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
	    x->req.address, "tls", x->req.tls.protocol != NULL ? x->req.tls.protocol : "none",
	    "resumed", resumed(&x->req.tls), "app", x->trace.app, "client_cert",
	    client_cert(&x->req), "client", is_gone ? "gone" : "answered", "code",
	    x->trace.code != NULL ? x->trace.code : "", "cause", x->trace.cause, NULL);
	gh_log_context(NULL, NULL);
}

void
exchange_finish(const struct exchange *x, bool is_gone)
{
	int64_t us = gh_now_us() - x->started_us;
	size_t route =
	    x->match.route != NULL ? (size_t)(x->match.route - route_table) : METRICS_NO_ROUTE;

	if (!x->is_counted)
		metrics_request(route, x->rep.status, us);
	log_exchange(x, us, is_gone);
}

/* Counted at its beginning: how long the rest takes is the client's affair. */
static void
count_begun(struct exchange *x)
{
	metrics_request((size_t)(x->match.route - route_table), x->rep.status,
	    gh_now_us() - x->started_us);
	x->is_counted = true;
}

/* ---- the answer ---- */

static void
put_field(struct gh_buf *out, const char *name, const char *value)
{
	gh_buf_puts(out, name);
	gh_buf_puts(out, ": ");
	gh_buf_puts(out, value);
	gh_buf_puts(out, "\r\n");
}

static void
put_fields(struct gh_buf *out, const struct exchange *x)
{
	const struct gh_http_reply *rep = &x->rep;
	const char *version = route_match_family(&x->match, x->req.path)->version;
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
	if (version != NULL)
		put_field(out, "X-CSS-CMS-API-Version", version);
	put_field(out, "X-Keyfactor-Product-Version", GATEHOUSE_VERSION);
}

/* A reply that lost a header could be one that says less than it must: 500 goes out instead. */
static void
make_fields(struct exchange *x, struct gh_buf *fields)
{
	const char *why;

	gh_buf_init(fields, FIELDS_MAX);
	put_fields(fields, x);
	why = x->rep.broken != NULL ? x->rep.broken
	    : fields->failed        ? "no room for the headers of the answer"
				    : NULL;
	if (why == NULL)
		return;
	gh_http_reply_clear(&x->rep);
	x->rep.status = 500;
	x->trace.code = gh_error_info(GH_E_INTERNAL)->name;
	snprintf(x->trace.cause, sizeof(x->trace.cause), "%s", why);
	gh_buf_free(fields);
	gh_buf_init(fields, FIELDS_MAX);
	put_fields(fields, x);
}

bool
exchange_send(struct exchange *x)
{
	struct gh_http_reply *rep = &x->rep;
	struct http_answer a;
	struct gh_buf fields;
	bool is_sent, is_open;

	make_fields(x, &fields);
	is_open = rep->feed != NULL && x->req.method != GH_HTTP_HEAD;
	a = (struct http_answer){
	    .status = rep->status,
	    .fields = (const char *)fields.data,
	    .fields_len = fields.len,
	    .body = rep->shared != NULL ? rep->shared->data : rep->body,
	    .body_len = rep->shared != NULL ? rep->shared->len : rep->body_len,
	    .shared = rep->shared,
	    .owned = rep->body,
	    .stream = rep->stream,
	    .has_secret = rep->has_secret,
	    .is_open = rep->feed != NULL,
	};
	rep->body = NULL;
	rep->stream = NULL;
	if (is_open) {
		x->conn->exchange = x;
		count_begun(x);
	}
	is_sent = http_conn_answer(x->conn, &a);
	gh_buf_free(&fields);
	if (is_sent && is_open)
		return false;
	exchange_finish(x, !is_sent);
	return true;
}
