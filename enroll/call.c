/* Parts of the path of a call. See call.h. */
#include <string.h>

#include "call.h"

/* Its index; parts->n: there is none. */
static size_t
find(const struct call_parts *parts, const char *name)
{
	size_t i = 0, len = strlen(name);

	while (i < parts->n &&
	    (strncmp(parts->part[i].name, name, len) != 0 || parts->part[i].name[len] != '}'))
		i++;
	return i;
}

const char *
call_text(const struct call_parts *parts, const char *name)
{
	size_t i = find(parts, name);

	return i < parts->n ? parts->part[i].text : "";
}

int64_t
call_number(const struct call_parts *parts, const char *name)
{
	size_t i = find(parts, name);

	return i < parts->n ? parts->part[i].number : 0;
}
