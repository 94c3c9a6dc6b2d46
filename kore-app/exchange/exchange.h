/*
 * One request and its answer: from a connection (exchange_request) through the event loop
 * (exchange_serve) or the pool (exchange_pool), and back (exchange_reply). An exchange outlives a
 * client that goes away: its job finishes and is dropped. docs/kore.md
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "http/http_conn.h"
#include "pool.h"
#include "routes/routes.h"

/* Made and freed on the event loop; from exchange_pool_submit until the pool has finished it, a
 * pool thread owns all but conn. */
struct exchange {
	struct pool_job job;    /* first member */
	struct http_conn *conn; /* NULL: the client has gone */
	int64_t started_us;
	size_t body_reserved; /* bytes of the budget for bodies */
	struct route_match match;
	struct gh_http_request req;
	struct gh_http_reply rep;
	struct route_trace trace;
};

/* Fill the reply with a refusal. Any thread. */
void exchange_refuse(struct exchange *x, const struct gh_error *err);
void exchange_free(struct exchange *x);

#endif
