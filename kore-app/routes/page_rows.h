/* The rows of pages (docs/pages.md): part of the table in routes.c, which alone includes this. */
#ifndef PAGE_ROWS_H
#define PAGE_ROWS_H

#include "csr/ca_template.h"
#include "csr/csr_answer.h"

#include "pages/page_csr.h"
#include "pages/page_home.h"
#include "pages/page_login.h"
#include "pages/page_request.h"
#include "routes.h"

/* A request in a file and the texts beside it. */
#define CSR_FORM_BODY_MAX ((size_t)256 * 1024)
#define FORM_BODY_MAX ((size_t)16 * 1024)

/* Pages, and forms that change something. */
#define PAGE(path, id, who, function) \
	{ \
		.methods = GH_HTTP_GET | GH_HTTP_HEAD, .pattern = (path), .name = (id), \
		.need = (who), .handler = (function), .family = &route_family_pages \
	}
#define FORM_OF(path, id, who, size, function) \
	{ \
		.methods = GH_HTTP_POST, .pattern = (path), .name = (id), .need = (who), \
		.body_max = (size), .takes_form = true, .handler = (function), \
		.family = &route_family_pages \
	}
#define FORM(path, id, who, function) FORM_OF(path, id, who, FORM_BODY_MAX, function)

#define PAGE_ROWS \
	PAGE("/csr/ca-template/{ca}", "csr.ca-template", AUTH_SESSION | AUTH_PERSON, ca_template), \
	    PAGE("/", "home", AUTH_SESSION | AUTH_ANYBODY, page_home), \
	    PAGE("/csr/upload", "csr.upload", AUTH_USER | AUTH_SESSION, page_csr_upload), \
	    FORM_OF("/csr/upload", "csr.preview", AUTH_USER | AUTH_SESSION, CSR_FORM_BODY_MAX, \
		page_csr_preview), \
	    FORM_OF(CSR_PROCESS, "csr.process", AUTH_APP_SENT | AUTH_USER | AUTH_SESSION, \
		CSR_FORM_BODY_MAX, page_csr_process), \
	    PAGE("/login", "login", AUTH_SESSION | AUTH_ANYBODY, page_login), \
	    FORM("/login", "login.password", AUTH_SESSION | AUTH_ANYBODY, page_login_password), \
	    FORM("/login/certificate", "login.certificate", AUTH_SESSION | AUTH_ANYBODY, \
		page_login_certificate), \
	    FORM("/logout", "logout", AUTH_SESSION, page_logout), \
	    PAGE("/requests", "requests", AUTH_SESSION, page_request_list), \
	    PAGE("/requests/{id}", "request", AUTH_SESSION, page_request), \
	    PAGE("/requests/{id}/certificate", "request.certificate", AUTH_SESSION, \
		page_request_file), \
	    FORM("/requests/{id}/approve", "request.approve", AUTH_SESSION, page_request_approve), \
	    FORM("/requests/{id}/reject", "request.reject", AUTH_SESSION, page_request_reject), \
	    FORM("/requests/{id}/cancel", "request.cancel", AUTH_SESSION, page_request_cancel)

#endif
