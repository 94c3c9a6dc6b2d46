/* The words for the orders of the inventory. */
#ifndef ENROLL_CERT_ORDER_H
#define ENROLL_CERT_ORDER_H

#include "store/inventory/cert_filter.h"
#include "store/inventory/cert_sort.h"

#define CERT_ORDER_WORDS "id, not_after, subject, requester, serial or template"
/* By enum cert_sort; NULL at the end. */
extern const char *const cert_order_words[];
bool cert_order_is(const char *word);
/* word: one of them; NULL: what condition (NULL: all) is bounded by, else ids. */
enum cert_sort cert_order_of(const char *word, const struct cert_node *condition);

#endif
