/*
 * What answers the requests of all connections: fast ways and what does not block at once, on the
 * event loop; all else by the pool. docs/kore.md
 */
#ifndef EXCHANGE_SERVE_H
#define EXCHANGE_SERVE_H

#include "http/http_conn.h"

extern const struct http_app exchange_app;

/* Start the pool; call once, before the first connection. */
int exchange_start(struct gh_error *err) GH_MUSTCHECK;

#endif
