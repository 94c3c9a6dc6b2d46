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

/* The last page of a body that is made while it is sent (gh_feed). */
struct exchange_page {
	struct gh_buf bytes;
	bool is_end;
	int rc; /* not 0: it cannot go on; the trace says why */
};

/* Made and freed on the event loop; from exchange_pool_submit until the pool has finished it, a
 * pool thread owns all but conn and what follows it. */
struct exchange {
	struct pool_job job;         /* first member */
	struct http_conn *conn;      /* NULL: the client has gone */
	bool is_pooled;              /* the pool has it */
	struct exchange *next_later; /* in the list of those that the pool had no room for */
	atomic_bool is_unwanted;     /* the client has gone; any thread */
	bool is_counted;             /* in the metrics */
	struct exchange_page page;
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
