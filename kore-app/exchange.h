/*
 * One request and its answer: from a connection to its route, through the event loop or the pool,
 * and back. An exchange outlives a client that goes away: its job finishes and is dropped. One log
 * line for each. docs/kore.md
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "http_conn.h"
#include "pool.h"
#include "routes.h"

/* Made and freed on the event loop; between exchange_submit and exchange_finished the pool thread
 * owns all but conn. */
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

/* What answers the requests of all connections. */
extern const struct http_app exchange_app;

/* A pool thread has filled the reply: send it, or drop it. Frees x. */
void exchange_finished(struct exchange *x);
/* Fill the reply with a refusal. */
void exchange_refuse(struct exchange *x, const struct gh_error *err);

/* ---- exchange_request.c ---- */
/* Copy the request at work on x->conn. GH_E_NOMEM; GH_E_BAD_REQUEST: a header that decides about
 * access is there twice. */
int exchange_read(struct exchange *x, struct gh_error *err) GH_MUSTCHECK;

/* ---- exchange_pool.c ---- */
int exchange_pool_start(struct gh_error *err) GH_MUSTCHECK;
/* pool_fd(app_state.pool) was readable: finish what is ready. */
void exchange_pool_take(void);
/* GH_E_BUSY: the queue is full. */
int exchange_submit(struct exchange *x, struct gh_error *err) GH_MUSTCHECK;

#endif
