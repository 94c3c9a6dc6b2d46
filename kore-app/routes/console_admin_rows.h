/* The rows of the console for those who administer: part of the table in routes.c, which alone
 * includes this. Each demands what the row of the API demands that it asks (test_route_policy). */
#ifndef CONSOLE_ADMIN_ROWS_H
#define CONSOLE_ADMIN_ROWS_H

#include "console/console_admin.h"
#include "console/console_runs.h"
#include "console_rows.h"
#include "metadata_rows.h"
#include "package_rows.h"

#define CONSOLE_FORM_OF(path, id, who, size, function) \
	{ \
		.methods = GH_HTTP_POST, .pattern = (path), .name = (id), .need = AUTH_SESSION, \
		.roles = (who), .body_max = (size), .takes_form = true, .handler = (function), \
		.family = &route_family_pages \
	}
#define CONSOLE_FORM_FOR(path, id, who, function) \
	CONSOLE_FORM_OF(path, id, who, FORM_BODY_MAX, function)
/* A file as PACKAGE_BODY_MAX allows it, and the fields beside it. */
#define PACKAGE_FORM_BODY_MAX (PACKAGE_BODY_MAX + FORM_BODY_MAX)
#define METADATA_FILE_BODY_MAX (METADATA_CSV_MAX + FORM_BODY_MAX)
/* As ADMIN_READ of the API. */
#define CONSOLE_STAFF (REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR)

#define CONSOLE_ADMIN_ROWS \
	CONSOLE_PAGE_FOR("/console/certificates/{id}/remove", "console.certificate.remove-ask", \
	    REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER, console_certificate_remove_ask), \
	    CONSOLE_FORM_FOR("/console/certificates/{id}/remove", "console.certificate.remove", \
		REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER, console_certificate_remove), \
	    CONSOLE_FORM_FOR("/console/audit/verify", "console.audit.verify", \
		REQUESTER_ROLE_AUDITOR, console_audit_verify), \
	    CONSOLE_PAGE_FOR("/console/jobs", "console.jobs", CONSOLE_STAFF, console_jobs), \
	    CONSOLE_FORM_FOR("/console/jobs/{name}/run", "console.job.run", REQUESTER_ROLE_ADMIN, \
		console_job_run), \
	    CONSOLE_PAGE_FOR("/console/metadata-runs", "console.runs", CONSOLE_STAFF, \
		console_runs), \
	    CONSOLE_FORM_OF("/console/metadata-runs", "console.run.add", REQUESTER_ROLE_OFFICER, \
		METADATA_FORM_BODY_MAX, console_run_add), \
	    CONSOLE_FORM_OF("/console/metadata-runs/file", "console.run.file", \
		REQUESTER_ROLE_OFFICER, METADATA_FILE_BODY_MAX, console_run_file), \
	    CONSOLE_PAGE_FOR("/console/metadata-runs/new", "console.run.new", \
		REQUESTER_ROLE_OFFICER, console_run_new), \
	    CONSOLE_PAGE_FOR("/console/metadata-runs/{id}", "console.run", CONSOLE_STAFF, \
		console_run), \
	    CONSOLE_FORM_FOR("/console/metadata-runs/{id}/cancel", "console.run.cancel", \
		REQUESTER_ROLE_OFFICER, console_run_cancel), \
	    CONSOLE_PAGE_FOR("/console/endpoints", "console.endpoints", CONSOLE_STAFF, \
		console_endpoints), \
	    CONSOLE_PAGE_FOR("/console/endpoints/{id}", "console.endpoint", CONSOLE_STAFF, \
		console_endpoint), \
	    CONSOLE_PAGE_FOR("/console/cas", "console.cas", CONSOLE_STAFF, console_authorities), \
	    CONSOLE_PAGE_FOR("/console/cas/{name}", "console.ca", CONSOLE_STAFF, \
		console_authority), \
	    CONSOLE_FORM_FOR("/console/cas/{name}/unlock", "console.ca.unlock", \
		REQUESTER_ROLE_ADMIN, console_authority_unlock), \
	    CONSOLE_FORM_FOR("/console/cas/{name}/lock", "console.ca.lock", REQUESTER_ROLE_ADMIN, \
		console_authority_lock), \
	    CONSOLE_FORM_FOR("/console/cas/{name}/status", "console.ca.enable", \
		REQUESTER_ROLE_ADMIN, console_authority_enable), \
	    CONSOLE_FORM_FOR("/console/cas/{name}/password", "console.ca.password", \
		REQUESTER_ROLE_ADMIN, console_authority_password), \
	    CONSOLE_FORM_FOR("/console/labels/{profile}/status", "console.label.enable", \
		REQUESTER_ROLE_ADMIN, console_label_enable), \
	    CONSOLE_PAGE_FOR("/console/templates", "console.templates", CONSOLE_STAFF, \
		console_templates), \
	    CONSOLE_PAGE_FOR("/console/templates/{profile}", "console.template", CONSOLE_STAFF, \
		console_template), \
	    CONSOLE_PAGE_FOR("/console/applications", "console.applications", \
		REQUESTER_ROLE_ADMIN, console_applications), \
	    CONSOLE_FORM_FOR("/console/applications", "console.application.create", \
		REQUESTER_ROLE_ADMIN, console_application_create), \
	    CONSOLE_FORM_FOR("/console/applications/{profile}/rotate", \
		"console.application.rotate", REQUESTER_ROLE_ADMIN, console_application_rotate), \
	    CONSOLE_FORM_FOR("/console/applications/{profile}/status", \
		"console.application.enable", REQUESTER_ROLE_ADMIN, console_application_enable), \
	    PAGE("/console/keys", "console.keys", AUTH_SESSION, console_keys), \
	    PAGE("/console/keys/{id}", "console.key", AUTH_SESSION, console_key), \
	    FORM("/console/keys/{id}/status", "console.key.decide", AUTH_SESSION, \
		console_key_decide), \
	    PAGE("/console/archive", "console.archive", AUTH_SESSION, console_archive), \
	    PAGE("/console/archive/{kid}", "console.archived-key", AUTH_SESSION, \
		console_archived_key), \
	    CONSOLE_FORM_FOR("/console/archive/{kid}/status", "console.archived-key.change", \
		REQUESTER_ROLE_AGENT, console_archived_key_change), \
	    CONSOLE_PAGE_FOR("/console/labels", "console.labels", CONSOLE_STAFF, console_labels), \
	    CONSOLE_PAGE_FOR("/console/packages", "console.packages", CONSOLE_STAFF, \
		console_packages), \
	    CONSOLE_FORM_OF("/console/packages", "console.package.add", REQUESTER_ROLE_OFFICER, \
		PACKAGE_FORM_BODY_MAX, console_package_add), \
	    CONSOLE_PAGE_FOR("/console/packages/{id}", "console.package", CONSOLE_STAFF, \
		console_package), \
	    CONSOLE_PAGE_FOR("/console/packages/{id}/remove", "console.package.remove-ask", \
		REQUESTER_ROLE_OFFICER, console_package_remove_ask), \
	    CONSOLE_FORM_FOR("/console/packages/{id}/remove", "console.package.remove", \
		REQUESTER_ROLE_OFFICER, console_package_remove), \
	    CONSOLE_PAGE_FOR("/console/messages", "console.messages", CONSOLE_STAFF, \
		console_messages), \
	    CONSOLE_FORM_FOR("/console/messages/test", "console.message.test", \
		REQUESTER_ROLE_ADMIN, console_message_test), \
	    CONSOLE_FORM_FOR("/console/messages/{id}/retry", "console.message.retry", \
		REQUESTER_ROLE_ADMIN, console_message_retry), \
	    CONSOLE_PAGE_FOR("/console/users", "console.users", REQUESTER_ROLE_ADMIN, \
		console_users), \
	    CONSOLE_FORM_FOR("/console/users/{profile}/status", "console.user.enable", \
		REQUESTER_ROLE_ADMIN, console_user_enable), \
	    CONSOLE_PAGE_FOR("/console/views", "console.views", REQUESTER_ROLE_ADMIN, \
		console_views), \
	    CONSOLE_FORM_FOR("/console/views", "console.view.add", REQUESTER_ROLE_ADMIN, \
		console_view_add), \
	    CONSOLE_PAGE_FOR("/console/views/{name}", "console.view", REQUESTER_ROLE_ADMIN, \
		console_view), \
	    CONSOLE_FORM_FOR("/console/views/{name}/remove", "console.view.remove", \
		REQUESTER_ROLE_ADMIN, console_view_remove), \
	    CONSOLE_FORM_FOR("/console/users/{profile}/roles", "console.user.roles", \
		REQUESTER_ROLE_ADMIN, console_user_roles), \
	    CONSOLE_PAGE_FOR("/console/sessions", "console.sessions", REQUESTER_ROLE_ADMIN, \
		console_sessions), \
	    CONSOLE_FORM_FOR("/console/sessions/end", "console.sessions.end", \
		REQUESTER_ROLE_ADMIN, console_sessions_end), \
	    CONSOLE_FORM_FOR("/console/sessions/{name}/end", "console.session.end", \
		REQUESTER_ROLE_ADMIN, console_session_end)

#endif
