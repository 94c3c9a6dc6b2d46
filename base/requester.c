/* Comparing requesters. */
#include <string.h>
#include <strings.h>

#include "requester.h"

static bool
is_same_account(const char *a, const char *b)
{
	const char *slash;
	size_t n;

	if ((slash = strrchr(a, '\\')) != NULL)
		a = slash + 1;
	if ((slash = strrchr(b, '\\')) != NULL)
		b = slash + 1;
	n = strcspn(a, "@");
	return n == strcspn(b, "@") && strncasecmp(a, b, n) == 0;
}

bool
requester_may_be_same(const struct requester *a, const struct requester *b)
{
	return requester_is_same(a, b) || (*a->dn != '\0' && strcasecmp(a->dn, b->dn) == 0) ||
	    is_same_account(a->name, b->name);
}

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
