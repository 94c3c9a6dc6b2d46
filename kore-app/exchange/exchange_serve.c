/* Requests of all connections. See exchange_serve.h. */
#include <stdlib.h>
#include <string.h>

#include "timestamp.h"

#include "app_state.h"
#include "exchange.h"
#include "exchange_pool.h"
#include "exchange_reply.h"
#include "exchange_request.h"
#include "exchange_serve.h"

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

static void
drop(struct exchange *x)
{
	exchange_finish(x, true);
	exchange_free(x);
}

/* Its reply is filled, maybe by a pool thread: send it, or drop it. */
static void
finished(struct exchange *x)
{
	if (x->conn == NULL)
		drop(x);
	else if (exchange_send(x))
		exchange_free(x);
}

/* ---- bodies that are made page by page ---- */

static struct exchange *later; /* the pool had no room for their next page */

static void
want_page(struct exchange *x)
{
	struct gh_error err;

	if (exchange_pool_submit_page(x, &err) == 0)
		return;
	x->next_later = later;
	later = x;
}

/* The pool has finished something, so there may be room. */
static void
want_pages_of_later(void)
{
	struct exchange *x = later, *next;

	later = NULL;
	for (; x != NULL; x = next) {
		next = x->next_later;
		want_page(x);
	}
}

static void
forget_later(const struct exchange *x)
{
	struct exchange **at = &later;

	while (*at != NULL && *at != x)
		at = &(*at)->next_later;
	if (*at != NULL)
		*at = x->next_later;
}

/* From here on x is the connection's again, or has ended. */
static void
send_page(struct exchange *x)
{
	struct http_conn *c = x->conn;
	struct exchange_page page = x->page;

	x->page.bytes = (struct gh_buf){.data = NULL};
	if (page.rc != 0 || page.is_end) {
		c->exchange = NULL;
		exchange_finish(x, page.rc != 0);
		exchange_free(x);
	}
	if (page.rc != 0) {
		gh_buf_free(&page.bytes);
		http_conn_cut(c);
	} else if (page.bytes.len == 0 && !page.is_end) {
		gh_buf_free(&page.bytes);
		want_page(x); /* nothing was found in its time: look further */
	} else {
		http_conn_feed(c, page.bytes.data, page.bytes.len, page.is_end);
	}
}

static void
on_more(struct http_conn *c)
{
	want_page(c->exchange);
}

static void
on_finished(struct exchange *x)
{
	if (!x->is_counted)
		finished(x);
	else if (x->conn == NULL)
		drop(x);
	else
		send_page(x);
	want_pages_of_later();
}

static void
on_gone(struct http_conn *c)
{
	struct exchange *x = c->exchange;

	x->conn = NULL;
	atomic_store(&x->is_unwanted, true);
	if (x->is_pooled)
		return; /* a pool thread works for it: on_finished drops it */
	forget_later(x);
	drop(x);
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
	const struct worker_env env = {.conf = app_state.conf, .ocsp = app_state.ocsp};
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
	struct worker_env env = {.conf = app_state.conf};

	route_dispatch(&env, NULL, &x->match, &x->req, &x->rep, &x->trace);
}

/* Give it to the pool. The pool thread does not look at conn. */
static int
park(struct exchange *x, struct gh_error *err)
{
	struct http_conn *c = x->conn;
	int rc;

	x->req.deadline_us =
	    x->started_us + (int64_t)app_state.conf->gateway.queue_timeout * 1000000;
	c->exchange = x;
	rc = exchange_pool_submit(x, err);
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
	finished(x);
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
	finished(x);
}

const struct http_app exchange_app = {.admit = admit,
    .serve = serve,
    .refuse = refuse,
    .gone = on_gone,
    .more = on_more};

int
exchange_start(struct gh_error *err)
{
	return exchange_pool_start(on_finished, err);
}
