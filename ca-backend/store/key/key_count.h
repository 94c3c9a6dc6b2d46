/* How many keys were made for whom (RFC 7030, 4.4): they cost. */
#ifndef STORE_KEY_COUNT_H
#define STORE_KEY_COUNT_H

#include "store/store.h"

/* One more for this caller, on all nodes together. *wait: 0, or the seconds until his hour is over,
 * in which he had `limit` keys. */
int store_count_key(struct store *s, const char *caller, int limit, int *wait,
    struct gh_error *err) GH_MUSTCHECK;

/* Remove those whose hour is over. */
int store_purge_key_counts(struct store *s, struct gh_error *err) GH_MUSTCHECK;

#endif
