/* Orders of the inventory. See cert_order.h. */
#include <string.h>

#include "store/inventory/cert_narrow.h"

#include "cert_order.h"

const char *const cert_order_words[] = {[CERT_BY_ID] = "id",
    [CERT_BY_NOT_AFTER] = "not_after",
    [CERT_BY_SUBJECT] = "subject",
    [CERT_BY_REQUESTER] = "requester",
    [CERT_BY_SERIAL] = "serial",
    [CERT_BY_TEMPLATE] = "template",
    NULL};

bool
cert_order_is(const char *word)
{
	for (size_t i = 0; cert_order_words[i] != NULL; i++)
		if (strcmp(cert_order_words[i], word) == 0)
			return true;
	return false;
}

enum cert_sort
cert_order_of(const char *word, const struct cert_node *condition)
{
	enum cert_sort sort = CERT_BY_ID;

	if (word == NULL)
		return condition != NULL && cert_is_narrow(condition, CERT_NARROW_BY_NOT_AFTER)
		    ? CERT_BY_NOT_AFTER
		    : CERT_BY_ID;
	while (cert_order_words[sort] != NULL && strcmp(cert_order_words[sort], word) != 0)
		sort++;
	return cert_order_words[sort] != NULL ? sort : CERT_BY_ID;
}
