/* Accept and its kin: lists of what a client takes, each with a weight (RFC 9110, 12.4.2, 12.5). */
#ifndef GH_HTTP_ACCEPT_H
#define GH_HTTP_ACCEPT_H

#include <stdbool.h>
#include <stddef.h>

struct gh_accept {
	const char *name; /* "text/html", "de-AT", "*"; not NUL-terminated */
	size_t len;
	int weight; /* q in thousandths, 0 to 1000; what is no number is 0 */
};

/* The next one of the list at *list, which moves behind it. False: there is none. NULL is empty. */
bool gh_accept_next(const char **list, struct gh_accept *out);

/* Weight of a type, as "text/html" of the group "text/", in thousandths: the most special range
 * decides (RFC 9110, 12.5.1). 0: it is not accepted; also where accept is NULL. */
int gh_accept_weight(const char *accept, const char *type, const char *group);

#endif
