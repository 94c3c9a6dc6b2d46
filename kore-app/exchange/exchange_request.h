/* A request as a value of its own: copies, so that it outlives its connection. */
#ifndef EXCHANGE_REQUEST_H
#define EXCHANGE_REQUEST_H

#include "exchange.h"

/* Copy the request at work on x->conn. GH_E_NOMEM; GH_E_BAD_REQUEST: a header that decides about
 * access is there twice. */
int exchange_read(struct exchange *x, struct gh_error *err) GH_MUSTCHECK;

#endif
