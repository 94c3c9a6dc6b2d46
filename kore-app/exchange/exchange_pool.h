/* Exchanges on pool threads, each of which has its own connections to database, directory and
 * signer. */
#ifndef EXCHANGE_POOL_H
#define EXCHANGE_POOL_H

#include "exchange.h"

/* Start app_state.pool. finished gets each exchange that was submitted, on the event loop. */
int exchange_pool_start(void (*finished)(struct exchange *x), struct gh_error *err) GH_MUSTCHECK;
/* pool_fd(app_state.pool) was readable: give back what is ready. */
void exchange_pool_take(void);
/* Alone or in a batch, as its row says. GH_E_BUSY: too many wait. */
int exchange_pool_submit(struct exchange *x, struct gh_error *err) GH_MUSTCHECK;
/* The next page of x->rep.feed, into x->page. At most half of the threads make pages at the same
 * time, so that many who download a lot keep nobody else waiting. GH_E_BUSY: too many wait. */
int exchange_pool_submit_page(struct exchange *x, struct gh_error *err) GH_MUSTCHECK;

#endif
