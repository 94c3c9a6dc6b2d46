/* Print the route table for check_openapi.py: "METHOD PATTERN NAME", a line for each method. */
#include <stdio.h>

#include "routes.h"

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

int
main(void)
{
	for (size_t i = 0; i < route_table_len; i++)
		for (size_t m = 0; m < sizeof(methods) / sizeof(methods[0]); m++)
			if ((route_table[i].methods & methods[m].bit) != 0)
				printf("%s %s %s\n", methods[m].name, route_table[i].pattern,
				    route_table[i].name);
	return 0;
}
