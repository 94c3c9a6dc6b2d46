/* The rows of saved searches: part of the table in routes.c, which alone includes this. */
#ifndef SEARCH_ROWS_H
#define SEARCH_ROWS_H

#include "rest/rest_saved_search.h"

#include "routes.h"

#define SEARCH_BODY_MAX ((size_t)32 * 1024) /* a query of 8 KB, escaped */

#define SEARCH_ROWS \
	{.methods = GH_HTTP_GET | GH_HTTP_HEAD, \
	    .pattern = "/pki/searches", \
	    .name = "pki.searches", \
	    .need = AUTH_PERSON, \
	    .handler = rest_saved_searches}, \
	    {.methods = GH_HTTP_GET | GH_HTTP_HEAD, \
		.pattern = "/pki/searches/{name}", \
		.name = "pki.search", \
		.need = AUTH_PERSON, \
		.handler = rest_saved_search}, \
	    {.methods = GH_HTTP_PUT, \
		.pattern = "/pki/searches/{name}", \
		.name = "pki.search.save", \
		.need = AUTH_PERSON, \
		.body_max = SEARCH_BODY_MAX, \
		.handler = rest_saved_search_put}, \
	{ \
		.methods = GH_HTTP_DELETE, .pattern = "/pki/searches/{name}", \
		.name = "pki.search.remove", .need = AUTH_PERSON, .body_max = 1024, \
		.handler = rest_saved_search_remove \
	}

#endif
