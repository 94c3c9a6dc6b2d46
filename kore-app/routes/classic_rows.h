/* The rows of Keyfactor's Classic API beside CertEnroll (docs/keyfactor-api.md): part of the table
 * in routes.c, which alone includes this. Its clients send no application key with them. */
#ifndef CLASSIC_ROWS_H
#define CLASSIC_ROWS_H

#include "certenroll/ce_import.h"
#include "certenroll/ce_metadata.h"
#include "certenroll/ce_revoke.h"

#include "routes.h"

#define CLASSIC_BODY_MAX ((size_t)16 * 1024)
#define CLASSIC_METADATA_MAX ((size_t)128 * 1024)

#define CLASSIC_ROW(path, id, size, function) \
	{ \
		.methods = GH_HTTP_POST, .pattern = (path), .name = (id), \
		.need = AUTH_APP_SENT | AUTH_PERSON, .body_max = (size), .handler = (function), \
		.family = &route_family_certenroll \
	}

#define CLASSIC_ROWS \
	CLASSIC_ROW("/certificates/3/revoke", "certificates.revoke", CLASSIC_BODY_MAX, ce_revoke), \
	    CLASSIC_ROW("/certificates/3/contents", "certificates.contents", CLASSIC_BODY_MAX, \
		ce_contents), \
	    {.methods = GH_HTTP_POST, \
		.pattern = "/certificates/3/import", \
		.name = "certificates.import", \
		.need = AUTH_APP_SENT | AUTH_PERSON, \
		.roles = REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER, \
		.body_max = IMPORT_BODY_MAX, \
		.handler = ce_import, \
		.family = &route_family_certenroll}, \
	    CLASSIC_ROW("/metadata/3/get", "metadata.get", CLASSIC_METADATA_MAX, ce_metadata_get), \
	    CLASSIC_ROW("/metadata/3/set", "metadata.set", CLASSIC_METADATA_MAX, ce_metadata_set), \
	    CLASSIC_ROW("/metadata/3/getdefinition", "metadata.definition", CLASSIC_METADATA_MAX, \
		ce_metadata_definition)

#endif
