/* The rows of metadata: part of the table in routes.c, which alone includes this. */
#ifndef METADATA_ROWS_H
#define METADATA_ROWS_H

#include "rest/rest_cert_metadata.h"
#include "rest/rest_metadata_field.h"
#include "rest/rest_metadata_run.h"

#include "routes.h"

#define METADATA_BODY_MAX ((size_t)128 * 1024) /* a definition with 256 options */

/* of a file; gateway.body_max is the lower bound by default */
#define METADATA_CSV_MAX ((size_t)16 * 1024 * 1024)

/* Runs change the certificates of all: officers order them. */
#define METADATA_RUN(verbs, path, id, who, size, type, function) \
	{ \
		.methods = (verbs), .pattern = "/pki/metadata-runs" path, \
		.name = "pki.metadata-run" id, .need = AUTH_PERSON, .roles = (who), \
		.body_max = (size), .body_type = (type), .handler = (function) \
	}
#define METADATA_RUN_READ(path, id, function) \
	METADATA_RUN(GH_HTTP_GET | GH_HTTP_HEAD, path, id, \
	    REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, 0, NULL, \
	    function)

#define CERTIFICATE_METADATA "/pki/certificate/{id}/metadata"
#define METADATA_ROWS \
	METADATA_RUN_READ("", "s", rest_metadata_runs), \
	    METADATA_RUN(GH_HTTP_POST, "", ".add", REQUESTER_ROLE_OFFICER, METADATA_CSV_MAX, \
		REST_METADATA_CSV_TYPE, rest_metadata_run_add), \
	    METADATA_RUN_READ("/{id}", "", rest_metadata_run), \
	    METADATA_RUN_READ("/{id}/items", ".items", rest_metadata_run_items), \
	    METADATA_RUN(GH_HTTP_PUT, "/{id}/status", ".cancel", REQUESTER_ROLE_OFFICER, 1024, \
		NULL, rest_metadata_run_cancel), \
	    {.methods = GH_HTTP_GET | GH_HTTP_HEAD, \
		.pattern = CERTIFICATE_METADATA, \
		.name = "pki.certificate.metadata", \
		.need = AUTH_PERSON, \
		.handler = rest_cert_metadata}, \
	    {.methods = GH_HTTP_PUT, \
		.pattern = CERTIFICATE_METADATA, \
		.name = "pki.certificate.metadata.change", \
		.need = AUTH_PERSON, \
		.body_max = METADATA_BODY_MAX, \
		.handler = rest_cert_metadata_change}, \
	    {.methods = GH_HTTP_GET | GH_HTTP_HEAD, \
		.pattern = CERTIFICATE_METADATA "/history", \
		.name = "pki.certificate.metadata.history", \
		.need = AUTH_PERSON, \
		.handler = rest_cert_metadata_history}, \
	    {.methods = GH_HTTP_GET | GH_HTTP_HEAD, \
		.pattern = "/pki/metadata", \
		.name = "pki.metadata", \
		.need = AUTH_PERSON, \
		.handler = rest_metadata_fields}, \
	    {.methods = GH_HTTP_GET | GH_HTTP_HEAD, \
		.pattern = "/pki/metadata/{name}", \
		.name = "pki.metadata.field", \
		.need = AUTH_PERSON, \
		.handler = rest_metadata_field}, \
	    {.methods = GH_HTTP_PUT, \
		.pattern = "/pki/metadata/{name}", \
		.name = "pki.metadata.define", \
		.need = AUTH_PERSON, \
		.roles = REQUESTER_ROLE_ADMIN, \
		.body_max = METADATA_BODY_MAX, \
		.handler = rest_metadata_field_put}, \
	{ \
		.methods = GH_HTTP_DELETE, .pattern = "/pki/metadata/{name}", \
		.name = "pki.metadata.remove", .need = AUTH_PERSON, .roles = REQUESTER_ROLE_ADMIN, \
		.body_max = 1024, .handler = rest_metadata_field_remove \
	}

#endif
