/* Pages of the inventory. */
#ifndef STORE_CERT_PAGE_H
#define STORE_CERT_PAGE_H

#include "store/store.h"

#include "cert_filter.h"
#include "cert_sort.h"
#include "cert_view.h"

/* A row's place in an order, which stays when the row goes. */
struct cert_place {
	char *key; /* owned; what the order is by, as text; NULL: of CERT_BY_ID */
	int64_t id;
};
void cert_place_clear(struct cert_place *p); /* accepts a zeroed one */

struct store_cert_filter {
	enum cert_sort sort;
	const char *field; /* of CERT_BY_TEXT_FIELD and CERT_BY_NUMBER_FIELD; else NULL */
	bool descending;
	bool backwards; /* the rows before `from`, not those behind it */
	/* NULL: from the start, or before the end */
	const struct cert_place *from;
	int limit;                         /* 1 to 1000 */
	const struct cert_node *condition; /* NULL = all */
	const struct cert_view *view;      /* only those that are in it; NULL = of all */
};

/* The work of one page is bounded: it may be short or empty and there may be more. */
struct cert_page {
	/* Certificates as STORE_LIST_CERTS has them, and with "ca" (name) and "issuer"; always in
	 * the order that was asked for. */
	gh_json *entries;
	/* In the direction that was asked for: is there something, and where does it go on? */
	bool has_more;
	struct cert_place more;
	/* Where the other direction goes on; not has_other: at the end that it comes from. */
	bool has_other;
	struct cert_place other;
};
int store_cert_page(struct store *s, const struct store_cert_filter *f, struct cert_page *out,
    struct gh_error *err) GH_MUSTCHECK;
void cert_page_clear(struct cert_page *p);

#endif
