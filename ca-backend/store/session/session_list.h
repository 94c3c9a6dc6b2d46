/* Sessions as people see them: lists, ends by hand, and the removal of those that are over. */
#ifndef STORE_SESSION_LIST_H
#define STORE_SESSION_LIST_H

#include "session_row.h"

struct store_session_filter {
	const char *handle; /* STORE_SESSION_HANDLE hex digits, as lists have them; NULL = any */
	const char *name;   /* of the person, in any case; NULL = anybody */
	const struct requester *person; /* of this very one: kind and directory id, too; or NULL */
};

/* A page of those that are open. */
struct store_session_page {
	int64_t now;   /* UTC seconds */
	int idle;      /* seconds */
	int64_t after; /* number of the row before it; 0: the first page */
	int limit;
	bool oldest_first;
};
/* Array of {"session","number","name","kind","method","address","created","used","ends"}. *next:
 * the number to go on from; 0: that was all. next may be NULL. */
int store_list_sessions(struct store *s, const struct store_session_filter *f,
    const struct store_session_page *page, gh_json **out, int64_t *next,
    struct gh_error *err) GH_MUSTCHECK;
/* All that fit. *ended: how many. */
int store_end_sessions(struct store *s, const struct store_session_filter *f,
    const struct store_session_end *how, int *ended, struct gh_error *err) GH_MUSTCHECK;

/* Remove at most 1000 that are over, by their end or idle for so many seconds. *removed 0: there
 * are none left. No audit rows: the log-in has one, and the limits are configured. */
int store_sweep_sessions(struct store *s, int64_t now, int idle, int *removed,
    struct gh_error *err) GH_MUSTCHECK;
/* How many all removals would remove. */
int store_count_ended_sessions(struct store *s, int64_t now, int idle, int64_t *n,
    struct gh_error *err) GH_MUSTCHECK;

#endif
