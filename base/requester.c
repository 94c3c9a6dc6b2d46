/* Comparing requesters. */
#include <string.h>
#include <strings.h>

#include "requester.h"

bool
requester_is_same(const struct requester *a, const struct requester *b)
{
	if (a->kind != b->kind || a->kind == REQUESTER_NONE)
		return false;
	if (*a->id != '\0' && *b->id != '\0')
		return strcasecmp(a->id, b->id) == 0;
	return *a->name != '\0' && strcasecmp(a->name, b->name) == 0 &&
	    (*a->dn == '\0' || *b->dn == '\0' || strcasecmp(a->dn, b->dn) == 0);
}
