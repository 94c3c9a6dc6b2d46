/* The statements of cert_page.c. */
#ifndef STORE_CERT_STATEMENT_H
#define STORE_CERT_STATEMENT_H

#include "cert_page.h"

/* What one statement looks through. */
struct cert_window {
	const struct cert_place *from; /* NULL: from the start */
	int rows;                      /* at most */
	int limit;                     /* that it answers, at most */
};

/*
 * Those of the next w->rows rows in the order that fit: {"entries":[[row, key, id], ...], "edge":
 * [key, id] or null}, the edge being the last of the rows that were looked at, null when there were
 * fewer, as they were the last ones, or where w->limit of them fit.
 */
int cert_read_window(struct store *s, const struct store_cert_filter *f,
    const struct cert_window *w, gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* Those of the w->rows rows that indexes find without any order (cert_narrow.h), sorted: {"entries"
 * as above, "found": N}. N more than w->rows: they were not all of them, entries mean nothing. */
int cert_read_narrow(struct store *s, const struct store_cert_filter *f,
    const struct cert_window *w, gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* Is cert_read_narrow worth a try? */
bool cert_filter_is_narrow(const struct store_cert_filter *f);
/* Does the index of the order find what is asked for in part, and nothing else a few at once, so
 * that cert_read_window is worth one, too? */
bool cert_filter_is_bounded(const struct store_cert_filter *f);

#endif
