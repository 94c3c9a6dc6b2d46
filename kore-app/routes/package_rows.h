/* The rows of packages over REST: part of the table in routes.c, which alone includes this.
 * Officers put in and take away; all roles of administration read. */
#ifndef PACKAGE_ROWS_H
#define PACKAGE_ROWS_H

#include "rest/rest_package.h"

#include "routes.h"

/* As package_add takes them; gateway.body_max is the lower bound by default. */
#define PACKAGE_BODY_MAX ((size_t)16 * 1024 * 1024)

#define NO_BODY_MAX 1024 /* clients may send an empty object */

#define PACKAGE_ROW(verbs, path, id, who, size, type, function) \
	{ \
		.methods = (verbs), .pattern = "/pki/" path, .name = "pki." id, \
		.need = AUTH_PERSON, .roles = (who), .body_max = (size), .body_type = (type), \
		.handler = (function) \
	}
#define PACKAGE_READ(path, id, function) \
	PACKAGE_ROW(GH_HTTP_GET | GH_HTTP_HEAD, path, id, \
	    REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, 0, NULL, \
	    function)

#define PACKAGE_ROWS \
	PACKAGE_READ("packages", "packages", rest_packages), \
	    PACKAGE_ROW(GH_HTTP_POST, "packages", "package.add", REQUESTER_ROLE_OFFICER, \
		PACKAGE_BODY_MAX, REST_PACKAGE_TYPE, rest_package_add), \
	    PACKAGE_READ("package/{id}", "package", rest_package), \
	    PACKAGE_ROW(GH_HTTP_DELETE, "package/{id}", "package.remove", REQUESTER_ROLE_OFFICER, \
		NO_BODY_MAX, NULL, rest_package_remove), \
	    PACKAGE_READ("package/{id}/deliveries", "package.deliveries", \
		rest_package_deliveries), \
	    PACKAGE_READ("packages/deliveries", "packages.deliveries", rest_package_deliveries)

#endif
