/* Parts of the path of a call, and calls one by one. See call.h. */
#include <string.h>

#include "call.h"
#include "log.h"

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

void
call_each(struct worker_env *env, struct call_item *items, size_t n, call_serve serve)
{
	for (size_t i = 0; i < n; i++) {
		gh_log_context(items[i].call.http->request_id, items[i].call.requester->name);
		gh_log_collect(items[i].event);
		items[i].leaves = serve(env, &items[i].call, items[i].rep);
	}
	gh_log_collect(NULL);
	gh_log_context(NULL, NULL);
}
