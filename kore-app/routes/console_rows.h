/* The rows of the console: part of the table in routes.c, which alone includes this. Each page
 * demands what the row of the API demands that it asks (test_route_policy). */
#ifndef CONSOLE_ROWS_H
#define CONSOLE_ROWS_H

#include "console/console.h"
#include "console/console_search.h"
#include "page_rows.h"

#define CONSOLE_PAGE_FOR(path, id, who, function) \
	{ \
		.methods = GH_HTTP_GET | GH_HTTP_HEAD, .pattern = (path), .name = (id), \
		.need = AUTH_SESSION, .roles = (who), .handler = (function), \
		.family = &route_family_pages \
	}

/* As many as METADATA_BODY_MAX are, percent-encoded. */
#define METADATA_FORM_BODY_MAX ((size_t)384 * 1024)
#define SEARCH_FORM_BODY_MAX ((size_t)48 * 1024) /* a query of 8 KB, percent-encoded */

#define CONSOLE_ROWS \
	PAGE("/console", "console", AUTH_SESSION, console_overview), \
	    CONSOLE_PAGE_FOR("/console/audit", "console.audit", REQUESTER_ROLE_AUDITOR, \
		console_audit), \
	    PAGE("/console/certificates", "console.certificates", AUTH_SESSION, \
		console_certificates), \
	    PAGE("/console/certificates/file", "console.certificates.file", AUTH_SESSION, \
		console_certificates_file), \
	    FORM_OF("/console/searches", "console.search.save", AUTH_SESSION, \
		SEARCH_FORM_BODY_MAX, console_search_save), \
	    FORM("/console/searches/{name}/remove", "console.search.remove", AUTH_SESSION, \
		console_search_remove), \
	    PAGE("/console/mine", "console.mine", AUTH_SESSION, console_mine), \
	    PAGE("/console/certificates/{id}/renew", "console.renew", AUTH_SESSION, \
		console_renew), \
	    FORM_OF("/console/certificates/{id}/renew", "console.renew.do", AUTH_SESSION, \
		CSR_FORM_BODY_MAX, console_renew_do), \
	    PAGE("/console/certificates/{id}", "console.certificate", AUTH_SESSION, \
		console_certificate), \
	    PAGE("/console/certificates/{id}/file", "console.certificate.file", AUTH_SESSION, \
		console_certificate_file), \
	    PAGE("/console/certificates/{id}/status", "console.certificate.ask", AUTH_SESSION, \
		console_certificate_ask), \
	    FORM("/console/certificates/{id}/status", "console.certificate.change", AUTH_SESSION, \
		console_certificate_change), \
	    PAGE("/console/certificates/{id}/metadata", "console.metadata", AUTH_SESSION, \
		console_metadata), \
	    FORM_OF("/console/certificates/{id}/metadata", "console.metadata.change", \
		AUTH_SESSION, METADATA_FORM_BODY_MAX, console_metadata_change)

#endif
