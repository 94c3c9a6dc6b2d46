/*
 * Where a page of the inventory goes on, as a text that only this house can read and make. It holds
 * for the query, the order and the caller that it was made for.
 */
#ifndef ENROLL_PAGE_TOKEN_H
#define ENROLL_PAGE_TOKEN_H

#include "requester.h"
#include "store/inventory/cert_page.h"

struct page_token {
	bool backwards;
	bool has_place; /* else: from the start, or before the end */
	struct cert_place place;
};

/* What a token is bound to. */
struct page_token_use {
	const unsigned char *secret; /* of the server, 32 bytes */
	const struct requester *who;
	const char *query; /* NULL = none */
	enum cert_sort sort;
	const char *field; /* that the order is by; NULL = none */
	bool descending;
};

/* *out: letters, digits, "-" and "_"; malloc'd. */
int page_token_make(const struct page_token_use *u, const struct page_token *t, char **out,
    struct gh_error *err) GH_MUSTCHECK;
/* *out: page_token_clear. GH_E_BAD_REQUEST: it is none of ours, or for another use. */
int page_token_read(const struct page_token_use *u, const char *text, struct page_token *out,
    struct gh_error *err) GH_MUSTCHECK;
void page_token_clear(struct page_token *t); /* accepts a zeroed one */

#endif
