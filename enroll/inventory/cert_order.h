/* The words for the orders of the inventory. */
#ifndef ENROLL_CERT_ORDER_H
#define ENROLL_CERT_ORDER_H

#include "store/inventory/cert_filter.h"
#include "store/inventory/cert_sort.h"

#include "query_parse.h"

#define CERT_ORDER_WORDS \
	"id, not_after, subject, requester, serial, template, or a metadata field that has an index"

struct cert_order {
	enum cert_sort sort;
	const char *field; /* as in struct store_cert_filter; borrowed of the definitions */
};

/* word: one of them, or the name of a field (without case, also Metadata.NAME); NULL: what
 * condition (NULL: all) is bounded by, else ids. false: there is no such order. */
bool cert_order_find(const struct query_env *env, const char *word,
    const struct cert_node *condition, struct cert_order *out);

#endif
