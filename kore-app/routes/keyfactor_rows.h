/* The rows of KeyfactorAPI (docs/keyfactor-api.md): part of the table in routes.c, which alone
 * includes this. Who may do what is decided by our own handlers, which these ask. */
#ifndef KEYFACTOR_ROWS_H
#define KEYFACTOR_ROWS_H

#include "keyfactor/kf_api.h"

#include "routes.h"

/* The vendor's Go client sends the body "null" with each GET. */
#define KEYFACTOR_ROW(verbs, path, id, who, size, function) \
	{ \
		.methods = (verbs), .pattern = "/keyfactorapi/" path, .name = "keyfactor." id, \
		.need = (who), .body_max = (size), .handler = (function), \
		.family = &route_family_keyfactor \
	}
#define KEYFACTOR_READ(path, id, function) \
	KEYFACTOR_ROW(GH_HTTP_GET | GH_HTTP_HEAD, path, id, AUTH_PERSON, 1024, function)
#define KEYFACTOR_WRITE(verb, path, id, function) \
	KEYFACTOR_ROW(verb, path, id, AUTH_PERSON, KF_BODY_MAX, function)

#define KEYFACTOR_ENROLL(path, id, function) \
	KEYFACTOR_ROW(GH_HTTP_POST, path, id, AUTH_APP_SENT | AUTH_USER, KF_BODY_MAX, function)

#define KEYFACTOR_DELETE(path, id, function) \
	{ \
		.methods = GH_HTTP_DELETE, .pattern = "/keyfactorapi/" path, \
		.name = "keyfactor." id, .need = AUTH_PERSON, \
		.roles = REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER, .body_max = KF_BODY_MAX, \
		.handler = (function), .family = &route_family_keyfactor \
	}

/* Keys cost: few at work, one by one, as those of pkcs12_batch. */
static const struct route_batch keyfactor_pfx_batch = {
    .run = kf_pfx_batch,
    .max = 1,
    .at_once = 1,
};

#define KEYFACTOR_ROWS \
	KEYFACTOR_READ("status/endpoints", "endpoints", kf_endpoints), \
	    KEYFACTOR_READ("certificates", "certificates", kf_certificate_list), \
	    KEYFACTOR_READ("certificates/{id}", "certificate", kf_certificate_get), \
	    KEYFACTOR_WRITE(GH_HTTP_POST, "certificates/download", "download", kf_download), \
	    KEYFACTOR_WRITE(GH_HTTP_POST, "certificates/revoke", "revoke", kf_revoke), \
	    KEYFACTOR_WRITE(GH_HTTP_PUT, "certificates/metadata", "metadata", kf_metadata_put), \
	    KEYFACTOR_WRITE(GH_HTTP_PUT, "certificates/metadata/all", "metadata.all", \
		kf_metadata_all), \
	    KEYFACTOR_READ("certificates/metadata/compare", "compare", kf_metadata_compare), \
	    KEYFACTOR_READ("metadatafields", "fields", kf_field_list), \
	    KEYFACTOR_READ("metadatafields/{name}", "field", kf_field_get), \
	    KEYFACTOR_READ("templates", "templates", kf_template_list), \
	    KEYFACTOR_READ("templates/{id}", "template", kf_template_get), \
	    KEYFACTOR_READ("certificateauthority", "cas", kf_ca_list), \
	    KEYFACTOR_READ("certificateauthority/{id}", "ca", kf_ca_get), \
	    KEYFACTOR_READ("enrollment/csr/context/my", "context", kf_context), \
	    KEYFACTOR_WRITE(GH_HTTP_POST, "certificates/recover", "recover", kf_recover), \
	    KEYFACTOR_WRITE(GH_HTTP_PUT, "certificates/{id}/owner", "owner", kf_owner), \
	    KEYFACTOR_DELETE("certificates/{id}", "delete", kf_delete), \
	    KEYFACTOR_DELETE("certificates", "delete.all", kf_delete_all), \
	    {.methods = GH_HTTP_POST, \
		.pattern = "/keyfactorapi/certificates/import", \
		.name = "keyfactor.import", \
		.need = AUTH_PERSON, \
		.roles = REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER, \
		.body_max = IMPORT_BODY_MAX, \
		.handler = kf_import, \
		.family = &route_family_keyfactor}, \
	    KEYFACTOR_ENROLL("enrollment/csr", "enroll", kf_enroll_csr), \
	    {.methods = GH_HTTP_POST, \
		.pattern = "/keyfactorapi/enrollment/pfx", \
		.name = "keyfactor.pfx", \
		.need = AUTH_APP_SENT | AUTH_USER, \
		.body_max = KF_BODY_MAX, \
		.handler = kf_pfx, \
		.batch = &keyfactor_pfx_batch, \
		.family = &route_family_keyfactor}, \
	    KEYFACTOR_ENROLL("enrollment/renew", "renew", kf_renew), \
	    KEYFACTOR_READ("workflow/certificates/pending", "pending", kf_pending), \
	    KEYFACTOR_READ("workflow/certificates/denied", "denied", kf_denied), \
	    KEYFACTOR_READ("workflow/certificates/externalvalidation", "external", kf_external), \
	    KEYFACTOR_READ("workflow/certificates/{id}", "request", kf_request_get), \
	    KEYFACTOR_WRITE(GH_HTTP_POST, "workflow/certificates/approve", "approve", kf_approve), \
	    KEYFACTOR_WRITE(GH_HTTP_POST, "workflow/certificates/deny", "deny", kf_deny)

#endif
