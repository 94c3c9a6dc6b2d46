/* How often nonces of Digest were used (RFC 7616, 3.4: nc): no call is taken twice, on any node. */
#ifndef STORE_DIGEST_COUNT_H
#define STORE_DIGEST_COUNT_H

#include "store/store.h"

/* *is_new: count is higher than each before it with this nonce, and is remembered. Only of calls
 * whose password was right, so that nobody else fills the table. */
int store_count_nonce(struct store *s, const char *nonce, uint32_t count, bool *is_new,
    struct gh_error *err) GH_MUSTCHECK;
/* Forget those that were first used more than age seconds ago. */
int store_purge_nonces(struct store *s, int age, struct gh_error *err) GH_MUSTCHECK;

#endif
