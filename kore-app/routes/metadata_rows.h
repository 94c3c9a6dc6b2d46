/* The rows of metadata: part of the table in routes.c, which alone includes this. */
#ifndef METADATA_ROWS_H
#define METADATA_ROWS_H

#include "rest/rest_cert_metadata.h"
#include "rest/rest_metadata_field.h"

#include "routes.h"

#define METADATA_BODY_MAX ((size_t)128 * 1024) /* a definition with 256 options */

#define CERTIFICATE_METADATA "/pki/certificate/{id}/metadata"
#define METADATA_ROWS \
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
