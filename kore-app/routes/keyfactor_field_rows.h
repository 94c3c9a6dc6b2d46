/* The rows of KeyfactorAPI that define metadata fields: part of the table in routes.c, which alone
 * includes this. Roles are those of /pki/metadata and /pki/certificates/statistics, whose handlers
 * these ask. */
#ifndef KEYFACTOR_FIELD_ROWS_H
#define KEYFACTOR_FIELD_ROWS_H

#include "keyfactor/kf_api.h"
#include "keyfactor/kf_field.h"

#include "routes.h"

#define KEYFACTOR_FIELD_ROW(verbs, path, id, who, function) \
	{ \
		.methods = (verbs), .pattern = "/keyfactorapi/metadatafields" path, \
		.name = "keyfactor.field" id, .need = AUTH_PERSON, .roles = (who), \
		.body_max = KF_BODY_MAX, .handler = (function), .family = &route_family_keyfactor \
	}

#define KEYFACTOR_FIELD_ROWS \
	KEYFACTOR_FIELD_ROW(GH_HTTP_POST, "", ".add", REQUESTER_ROLE_ADMIN, kf_field_add), \
	    KEYFACTOR_FIELD_ROW(GH_HTTP_PUT, "", ".put", REQUESTER_ROLE_ADMIN, kf_field_put), \
	    KEYFACTOR_FIELD_ROW(GH_HTTP_DELETE, "", "s.remove", REQUESTER_ROLE_ADMIN, \
		kf_fields_remove), \
	    KEYFACTOR_FIELD_ROW(GH_HTTP_DELETE, "/{name}", ".remove", REQUESTER_ROLE_ADMIN, \
		kf_field_remove), \
	    KEYFACTOR_FIELD_ROW(GH_HTTP_GET | GH_HTTP_HEAD, "/{name}/inuse", ".in-use", \
		REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, \
		kf_field_in_use)

#endif
