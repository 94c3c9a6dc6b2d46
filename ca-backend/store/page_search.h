/*
 * Pages of rows that may be rare: looked for window by window of ids, for a bounded time, so that
 * no statement looks through a whole table. A page may be short or empty and have a next one.
 */
#ifndef STORE_PAGE_SEARCH_H
#define STORE_PAGE_SEARCH_H

#include "store/store.h"

/* What one statement looks through. */
struct store_window {
	int64_t first, last; /* ids */
	int limit;           /* rows that the page has room for */
};

struct store_search {
	int64_t at, end; /* next id to look at, and the last one there is, in the direction */
	bool newest_first;
	int limit;          /* rows of the page */
	int64_t window;     /* ids that one statement may look through */
	const char *member; /* of a row: its id; NULL = "id" */
	/* The rows in the window that fit, each with its id, in the direction. */
	int (*read)(struct store *s, const void *arg, const struct store_window *w, gh_json **out,
	    struct gh_error *err);
	const void *arg;
};

/* Sets at and end: behind after_id (0: from the start), max_id being the largest there is. */
void store_search_range(struct store_search *q, int64_t after_id, int64_t max_id);
/* *entries: array. *next: after_id of the next page; 0 = this was the last. */
int store_search(struct store *s, struct store_search *q, gh_json **entries, int64_t *next,
    struct gh_error *err) GH_MUSTCHECK;

#endif
