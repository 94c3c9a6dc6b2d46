/* Pages of the inventory. */
#ifndef STORE_CERT_PAGE_H
#define STORE_CERT_PAGE_H

#include "store/store.h"

#include "cert_filter.h"

struct store_cert_filter {
	int64_t after_id; /* id > after_id, or < for newest_first; 0 = from the start */
	int limit;        /* 1 to 1000 */
	bool newest_first;
	const struct cert_node *condition; /* NULL = all */
	/* Only those that he asked for himself, by requester_is_same; NULL = of all. */
	const struct requester *owner;
};
/*
 * *entries: array of certificates as STORE_LIST_CERTS has them, and with "ca" (name) and "issuer".
 * *next as store_search: the work of one page is bounded, so that one may be short or empty and
 * have a next one.
 */
int store_cert_page(struct store *s, const struct store_cert_filter *f, gh_json **entries,
    int64_t *next, struct gh_error *err) GH_MUSTCHECK;

#endif
