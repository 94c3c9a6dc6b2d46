/* Print the route table for check_openapi.py: "METHOD PATTERN NAME WHO", a line for each method.
 * WHO is "anybody" or "caller", who must say who he is. */
#include <stdio.h>

#include "routes/routes.h"

static const struct {
	unsigned bit;
	const char *name;
} methods[] = {
    {GH_HTTP_GET, "get"},
    {GH_HTTP_HEAD, "head"},
    {GH_HTTP_POST, "post"},
    {GH_HTTP_PUT, "put"},
    {GH_HTTP_DELETE, "delete"},
};

static const char *
who(const struct route *r)
{
	return (r->need & ~(unsigned)(AUTH_ANYBODY | AUTH_LOCAL)) != 0 ? "caller" : "anybody";
}

int
main(void)
{
	for (size_t i = 0; i < route_table_len; i++)
		for (size_t m = 0; m < sizeof(methods) / sizeof(methods[0]); m++)
			if ((route_table[i].methods & methods[m].bit) != 0)
				printf("%s %s %s %s\n", methods[m].name, route_table[i].pattern,
				    route_table[i].name, who(&route_table[i]));
	return 0;
}
