/* Which certificates somebody sees, as a value: what lists, counts and single ones are held
 * against. It is made by enroll/inventory/cert_sight.h. */
#ifndef STORE_CERT_VIEW_H
#define STORE_CERT_VIEW_H

#include "store/store.h"

#include "cert_filter.h"

struct cert_view {
	bool is_all; /* then the rest says nothing */
	/* Borrowed. Those that he asked for himself, by requester_is_same. */
	const struct requester *owner;
	/* Owned. NULL: no others; else an OR whose left is his name as requester, and whose right
	 * is what rules show him. */
	struct cert_node *reach;
};
void cert_view_clear(struct cert_view *v); /* accepts a zeroed one */

/* " AND ..." on the table certificate: those of the view. Nothing of one that is all. */
void cert_view_put(struct gh_buf *b, struct store_params *p, const struct cert_view *v);
/* Does an index find a little more than the view (cert_narrow.h), and what then is before it? */
bool cert_view_is_narrow(const struct cert_view *v);
void cert_view_put_narrow(struct gh_buf *b, struct store_params *p, const struct cert_view *v);

/* Is it one of those that rules show? */
int store_cert_is_shown(struct store *s, const struct cert_view *v, int64_t id, bool *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
