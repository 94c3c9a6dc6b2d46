/*
 * HTTP in and out: a Kore request becomes a struct gh_http_request (copies, so that it outlives a client that
 * goes away), a struct gh_http_reply becomes Kore's response. One log line for each request.
 */
#include <kore/kore.h>
#include <kore/http.h>

#include <arpa/inet.h>
#include <ctype.h>

#include <openssl/rand.h>

#include "encoding.h"
#include "log.h"
#include "timestamp.h"

#include "kore_app.h"

#define API_VERSION "1"
#define HSTS "max-age=31536000; includeSubDomains" /* RFC 6797, 6.1 */

/* ---- request ---- */

static enum gh_http_method
method_of(const struct http_request *r)
{
	switch (r->method) {
	case HTTP_METHOD_GET:
		return GH_HTTP_GET;
	case HTTP_METHOD_HEAD:
		return GH_HTTP_HEAD;
	case HTTP_METHOD_POST:
		return GH_HTTP_POST;
	case HTTP_METHOD_PUT:
		return GH_HTTP_PUT;
	case HTTP_METHOD_DELETE:
		return GH_HTTP_DELETE;
	default:
		return GH_HTTP_OTHER;
	}
}

static void
copy_address(const struct connection *c, char *out, size_t size)
{
	const struct in6_addr *six = &c->addr.ipv6.sin6_addr;

	out[0] = '\0';
	if (c->family == AF_INET)
		inet_ntop(AF_INET, &c->addr.ipv4.sin_addr, out, (socklen_t)size);
	else if (c->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(six))
		inet_ntop(AF_INET, &six->s6_addr[12], out, (socklen_t)size);
	else if (c->family == AF_INET6)
		inet_ntop(AF_INET6, six, out, (socklen_t)size);
}

/* The client's own id when it is short and harmless in a log, else 128 random bits. */
static int
choose_request_id(struct http_request *r, char out[GH_REQUEST_ID_SIZE])
{
	unsigned char bits[(GH_REQUEST_ID_SIZE - 1) / 2];
	const char *given;
	size_t n;

	if (http_request_header(r, "x-request-id", &given) == KORE_RESULT_OK) {
		n = strspn(given, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
		if (n > 0 && n < GH_REQUEST_ID_SIZE && given[n] == '\0') {
			memcpy(out, given, n + 1);
			return 0;
		}
	}
	if (RAND_bytes(bits, sizeof(bits)) != 1)
		return -1;
	for (size_t i = 0; i < sizeof(bits); i++)
		snprintf(out + 2 * i, 3, "%02x", bits[i]);
	return 0;
}

/* RFC 9112, 3.2.2: a server accepts the absolute form, too, and its authority counts more than Host. The authority is
 * not ended by a NUL; *n is its length, 0 where there is none. */
static const char *
skip_authority(const char *path, const char **authority, size_t *n)
{
	const char *p = NULL;

	*authority = path + (strncasecmp(path, "https://", 8) == 0 ? 8 : strncasecmp(path, "http://", 7) == 0 ? 7 : 0);
	*n = 0;
	if (*authority == path || (p = strchr(*authority, '/')) == NULL)
		return path;
	*n = (size_t)(p - *authority);
	return p;
}

static int
copy_text(char **out, const char *text)
{
	*out = strdup(text);
	return *out != NULL ? 0 : -1;
}

/* A header that decides about access and stands there twice could be read one way here and another way by a
 * proxy: GH_E_BAD_REQUEST. *out is NULL when it is absent. */
static int
single_header(struct http_request *r, const char *name, const char **out, struct gh_error *err)
{
	struct http_header *h;

	*out = NULL;
	TAILQ_FOREACH(h, &r->req_headers, list) {
		if (strcasecmp(h->header, name) != 0)
			continue;
		if (*out != NULL)
			return gh_refuse(err, GH_E_BAD_REQUEST, "The header %s is there twice.", name);
		*out = h->value;
	}
	return 0;
}

/* Kore parses so many lines beside the request line and Host, and drops the rest silently. */
#define HEADERS_SEEN (HTTP_REQ_HEADER_MAX - 3)

static int
check_header_count(const struct http_request *r, struct gh_error *err)
{
	const struct http_header *h;
	int n = 0;

	TAILQ_FOREACH(h, &r->req_headers, list)
		n++;
	if (n >= HEADERS_SEEN)
		return gh_refuse(err, GH_E_BAD_REQUEST, "More than %d header lines.", HEADERS_SEEN);
	return 0;
}

/*
 * Where this request ends must be beyond doubt, or a proxy and we could disagree about where the next one
 * begins (RFC 9112, 11.2). Nobody reads a body of a GET, or chunks, and Kore takes the first of two lengths.
 */
static int
check_framing(struct http_request *r, struct gh_error *err)
{
	const char *length, *encoding;
	int rc = check_header_count(r, err);

	if (rc == 0)
		rc = single_header(r, "content-length", &length, err);
	if (rc == 0)
		rc = single_header(r, "transfer-encoding", &encoding, err);
	if (rc != 0)
		return rc;
	if (encoding != NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST, "Transfer-Encoding is not supported.");
	/* Kore reads it with strtoll: "+5" and " 5" are 5 to it */
	if (length != NULL && length[strspn(length, "0123456789")] != '\0')
		return gh_refuse(err, GH_E_BAD_REQUEST, "Content-Length is no number.");
	if (length == NULL || strcmp(length, "0") == 0 || r->http_body != NULL)
		return 0;
	if (r->method != HTTP_METHOD_DELETE)
		return gh_refuse(err, GH_E_BAD_REQUEST, "This method takes no body.");
	return gh_refuse(err, GH_E_BAD_REQUEST, "The body is larger than %zu bytes, or does not end where "
	    "Content-Length says.", http_body_max);
}

static int
copy_headers(struct http_request *r, struct gh_http_request *req, struct gh_error *err)
{
	const struct { const char *name; char **to; } wanted[] = {
		{"authorization", &req->authorization},
		{"x-css-cms-appkey", &req->app_key}, {"x-keyfactor-appkey", &req->app_key},
		{"x-css-cms-signature", &req->signature}, {"x-keyfactor-signature", &req->signature},
		{"x-css-cms-token", &req->token},
		{"content-type", &req->content_type}, {"accept", &req->accept},
		{"if-match", &req->if_match}, {"if-none-match", &req->if_none_match},
		{"if-modified-since", &req->if_modified_since},
		{"origin", &req->origin}, {"sec-fetch-site", &req->sec_fetch_site},
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const char *value;
		int rc = single_header(r, wanted[i].name, &value, err);

		if (rc != 0)
			return rc;
		if (value != NULL && *wanted[i].to == NULL && copy_text(wanted[i].to, value) != 0)
			return gh_fail(err, GH_E_NOMEM, "header %s", wanted[i].name);
	}
	return 0;
}

/* Kore has bounded all of it: http_header_max, http_body_max. */
static int
copy_request(struct http_request *r, struct gh_http_request *req, struct gh_error *err)
{
	const char *path, *host;
	size_t n;

	req->method = method_of(r);
	req->is_plain = r->owner->ssl == NULL;
	copy_address(r->owner, req->address, sizeof(req->address));
	path = skip_authority(r->path, &host, &n);
	req->host = n > 0 ? strndup(host, n) : strdup(r->host != NULL ? r->host : "");
	if (req->host == NULL || copy_text(&req->path, path) != 0 ||
	    copy_text(&req->query, r->query_string != NULL ? r->query_string : "") != 0)
		return gh_fail(err, GH_E_NOMEM, "path");
	if (r->http_body != NULL && r->http_body_length > 0) {
		req->body = malloc(r->http_body_length);
		if (req->body == NULL)
			return gh_fail(err, GH_E_NOMEM, "body");
		req->body_len = r->http_body_length;
		memcpy(req->body, r->http_body->data, req->body_len);
		/* a password, perhaps: ours is wiped in the end */
		explicit_bzero(r->http_body->data, req->body_len);
	}
	req->client_cert = app_tls_client_cert(r->owner, &req->client_cert_len);
	return copy_headers(r, req, err);
}

/* ---- reply ---- */

static const char *
method_name(enum gh_http_method m)
{
	return m == GH_HTTP_GET ? "GET" : m == GH_HTTP_HEAD ? "HEAD" : m == GH_HTTP_POST ? "POST" :
	    m == GH_HTTP_PUT ? "PUT" : m == GH_HTTP_DELETE ? "DELETE" : "OTHER";
}

/* Probes every second, and relying parties, would bury the rest: the metrics count them. */
static bool
is_routine(const struct app_call *call)
{
	const struct route *route = call->match.route;

	return route != NULL && (route->place == ROUTE_LOOP || strncmp(route->name, "ocsp.", 5) == 0) &&
	    call->rep.status < 400 && call->trace.code == NULL;
}

static void
log_call(const struct app_call *call, int64_t us, bool is_gone)
{
	const struct gh_http_reply *rep = &call->rep;
	const struct route *route = call->match.route;
	char status[16], ms[32];

	snprintf(status, sizeof(status), "%d", rep->status);
	snprintf(ms, sizeof(ms), "%.3f", (double)us / 1000);
	gh_log_context(call->req.request_id, call->trace.requester);
	gh_log_call(is_routine(call) ? GH_LOG_DEBUG : GH_LOG_INFO,
	    "request", &call->trace.event, "method", method_name(call->req.method), "path", call->req.path, "route",
	    route != NULL ? route->name : "none", "status", status, "ms", ms, "address",
	    call->req.address, "app", call->trace.app, "client_cert",
	    call->req.client_cert != NULL ? "verified" : "none", "client", is_gone ? "gone" : "answered", "code",
	    call->trace.code != NULL ? call->trace.code : "", "cause", call->trace.cause, NULL);
	gh_log_context(NULL, NULL);
}

static void
finish_call(const struct app_call *call, bool is_gone)
{
	int64_t us = gh_now_us() - call->started_us;
	size_t route = call->match.route != NULL ? (size_t)(call->match.route - route_table) :
	    METRICS_NO_ROUTE;

	metrics_request(route, call->rep.status, us);
	log_call(call, us, is_gone);
}

/* Kore has sent the last byte, or the connection is gone. */
static int
on_shared_sent(struct netbuf *nb)
{
	gh_shared_unref(nb->extra);
	return KORE_RESULT_OK;
}

static void
send_body(struct http_request *r, const struct gh_http_reply *rep)
{
	if (rep->shared == NULL)
		http_response(r, rep->status, rep->body, rep->body_len);
	else if (r->method == HTTP_METHOD_HEAD) /* no byte of it is sent, and on_shared_sent not called */
		http_response(r, rep->status, rep->shared->data, rep->shared->len);
	else
		http_response_stream(r, rep->status, rep->shared->data, rep->shared->len, on_shared_sent,
		    gh_shared_ref(rep->shared));
}

static void
send_reply(struct http_request *r, const struct app_call *call)
{
	const struct gh_http_reply *rep = &call->rep;
	bool has_cache_control = false;

	/* What follows is not looked at: Kore has no opinion of its own on where this request ended. */
	if (r->method == HTTP_METHOD_DELETE && r->http_body != NULL)
		r->owner->flags |= CONN_CLOSE_EMPTY;
	for (size_t i = 0; i < rep->headers; i++) {
		http_response_header(r, rep->header[i].name, rep->header[i].value);
		has_cache_control |= strcasecmp(rep->header[i].name, "cache-control") == 0;
	}
	if (rep->content_type != NULL)
		http_response_header(r, "Content-Type", rep->content_type);
	if (!has_cache_control)
		http_response_header(r, "Cache-Control", "no-store");
	http_response_header(r, "X-Content-Type-Options", "nosniff");
	if (!call->req.is_plain)
		http_response_header(r, "Strict-Transport-Security", HSTS);
	http_response_header(r, "X-Request-Id", call->req.request_id);
	http_response_header(r, "X-CSS-CMS-API-Version", API_VERSION);
	http_response_header(r, "X-Keyfactor-Product-Version", GATEHOUSE_VERSION);
	send_body(r, rep);
	finish_call(call, false);
}

/* ---- the life of a call ---- */

/* Kore's state of a request: only the pointer, so that the call can outlive it. */
struct parked { struct app_call *call; };

static void
on_request_freed(struct http_request *r)
{
	struct parked *parked = r->hdlr_extra;
	struct app_call *call = parked != NULL ? parked->call : NULL;

	if (call == NULL)
		return;
	parked->call = NULL;
	call->kore_req = NULL;
	if (call->is_finished) {
		finish_call(call, true);
		app_call_free(call);
	} /* else a pool thread works for it: app_call_finished drops it */
}

void
app_call_free(struct app_call *call)
{
	if (call == NULL)
		return;
	gh_http_request_clear(&call->req);
	gh_http_reply_clear(&call->rep);
	free(call);
}

void
app_call_finished(struct app_call *call)
{
	call->is_finished = true;
	if (call->kore_req != NULL) {
		http_request_wakeup(call->kore_req);
		return;
	}
	finish_call(call, true);
	app_call_free(call);
}

static struct app_call *
new_call(struct http_request *r)
{
	struct app_call *call = calloc(1, sizeof(*call));

	if (call == NULL)
		return NULL;
	call->started_us = gh_now_us();
	if (choose_request_id(r, call->req.request_id) == 0)
		return call;
	app_call_free(call);
	return NULL;
}

static int
find_route(struct app_call *call, struct gh_error *err)
{
	const struct gh_conf *conf = app_state.conf;
	int rc = route_find(conf, call->req.method, call->req.path, &call->match, err);

	if (rc == 0 && call->req.body_len > (size_t)conf->gateway.body_max)
		rc = gh_refuse(err, GH_E_TOO_LARGE, "The body is larger than %d bytes.",
		    conf->gateway.body_max);
	return rc;
}

static void
answer_on_loop(struct app_call *call)
{
	struct enroll_env env = {.conf = app_state.conf};

	route_dispatch(&env, NULL, &call->match, &call->req, &call->rep, &call->trace);
}

static bool
is_answered_fast(struct app_call *call)
{
	const struct route *r = call->match.route;

	return r->fast != NULL && call->req.body_len <= r->body_max && (r->plain || !call->req.is_plain) &&
	    r->fast(&call->req, &call->match, &call->rep);
}

static int
park(struct http_request *r, struct app_call *call, struct gh_error *err)
{
	struct parked *parked;
	int rc = app_batch_fits(call) ? app_batch_submit(call, err) : app_pool_submit(call, err);

	if (rc != 0)
		return rc;
	/* the pool thread does not look at these */
	call->kore_req = r;
	parked = http_state_create(r, sizeof(*parked), on_request_freed);
	parked->call = call;
	http_request_sleep(r);
	return 0;
}

static int
begin(struct http_request *r)
{
	struct gh_error err = {0};
	struct app_call *call = new_call(r);
	int rc;

	if (call == NULL) {
		http_response(r, 500, NULL, 0);
		return KORE_RESULT_OK;
	}
	rc = copy_request(r, &call->req, &err);
	if (rc == 0)
		rc = check_framing(r, &err);
	if (rc != 0)
		r->owner->flags |= CONN_CLOSE_EMPTY; /* what follows is not looked at */
	else
		rc = find_route(call, &err);
	if (rc == 0 && is_answered_fast(call)) {
		call->trace.code = call->rep.code;
	} else if (rc == 0 && call->match.route->place == ROUTE_POOL) {
		rc = park(r, call, &err);
		if (rc == 0)
			return KORE_RESULT_RETRY;
	} else if (rc == 0) {
		answer_on_loop(call);
	}
	if (rc != 0)
		route_refuse(app_state.conf, &err, &call->match, &call->req, &call->rep, &call->trace);
	send_reply(r, call);
	app_call_free(call);
	return KORE_RESULT_OK;
}

static int
end(struct http_request *r, struct parked *parked)
{
	struct app_call *call = parked->call;

	if (call == NULL || !call->is_finished)
		return KORE_RESULT_RETRY; /* woken up by something else */
	parked->call = NULL;
	send_reply(r, call);
	app_call_free(call);
	return KORE_RESULT_OK;
}

int
app_request(struct http_request *r)
{
	if (r->hdlr_extra != NULL)
		return end(r, r->hdlr_extra);
	r->owner->flags |= APP_CONNECTION_IS_KEPT;
	/* Kore would go on counting the time of receiving */
	r->owner->http_timeout = 0;
	/* A client that sends the next request behind a body without waiting could get the answers in the wrong
	 * order; RFC 9112, 9.3.2 lets a server close such a connection. */
	if (TAILQ_FIRST(&r->owner->http_requests) != r)
		return KORE_RESULT_ERROR;
	switch (app_body_read(r)) {
	case APP_BODY_WAITING:
		return KORE_RESULT_RETRY;
	case APP_BODY_BROKEN:
		return KORE_RESULT_ERROR;
	case APP_BODY_READY:
		break;
	}
	return app_fast_ocsp(r) ? KORE_RESULT_OK : begin(r);
}
