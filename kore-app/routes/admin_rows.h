/* The rows of what administrators do over REST: part of the table in routes.c, which alone includes
 * this. Officers and auditors read. */
#ifndef ADMIN_ROWS_H
#define ADMIN_ROWS_H

#include "rest/rest_application.h"
#include "rest/rest_audit.h"
#include "rest/rest_authority.h"
#include "rest/rest_job.h"
#include "rest/rest_message.h"
#include "rest/rest_session.h"
#include "rest/rest_stored.h"
#include "rest/rest_switch.h"
#include "rest/rest_template.h"
#include "rest/rest_user.h"
#include "rest/rest_view_rule.h"

#include "routes.h"

#define ADMIN_BODY_MAX ((size_t)128 * 1024)
#define ADMIN_NO_BODY_MAX 1024 /* clients may send an empty object */

#define ADMIN_READ(path, id, function) \
	{ \
		.methods = GH_HTTP_GET | GH_HTTP_HEAD, .pattern = "/pki/" path, .name = "pki." id, \
		.need = AUTH_PERSON, \
		.roles = REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, \
		.handler = (function) \
	}
/* For administrators alone. */
#define ADMIN_CHANGE(verb, path, id, size, function) \
	{ \
		.methods = (verb), .pattern = "/pki/" path, .name = "pki." id, \
		.need = AUTH_PERSON, .roles = REQUESTER_ROLE_ADMIN, .body_max = (size), \
		.handler = (function) \
	}
/* For auditors alone. */
#define AUDIT_ROW(verb, path, id, size, function) \
	{ \
		.methods = (verb), .pattern = "/pki/" path, .name = "pki." id, \
		.need = AUTH_PERSON, .roles = REQUESTER_ROLE_AUDITOR, .body_max = (size), \
		.handler = (function) \
	}

#define ADMIN_ROWS \
	AUDIT_ROW(GH_HTTP_GET | GH_HTTP_HEAD, "audit", "audit", 0, audit_rest_list), \
	    AUDIT_ROW(GH_HTTP_GET | GH_HTTP_HEAD, "audit/verify", "audit.checks", 0, \
		audit_rest_checks), \
	    AUDIT_ROW(GH_HTTP_POST, "audit/verify", "audit.verify", ADMIN_NO_BODY_MAX, \
		audit_rest_verify), \
	    ADMIN_READ("jobs", "jobs", rest_jobs), \
	    ADMIN_CHANGE(GH_HTTP_POST, "jobs/{name}/run", "job.run", ADMIN_NO_BODY_MAX, \
		rest_job_run), \
	    ADMIN_READ("authorities", "authorities", rest_authorities), \
	    ADMIN_READ("authorities/{name}", "authority", rest_authority), \
	    ADMIN_CHANGE(GH_HTTP_PUT, "authorities/{name}/status", "authority.enable", \
		ADMIN_NO_BODY_MAX, rest_authority_enable), \
	    ADMIN_CHANGE(GH_HTTP_PUT, "labels/{profile}/status", "label.enable", \
		ADMIN_NO_BODY_MAX, rest_label_enable), \
	    ADMIN_READ("templates", "templates", rest_templates), \
	    ADMIN_READ("templates/{profile}", "template", rest_template), \
	    ADMIN_CHANGE(GH_HTTP_GET | GH_HTTP_HEAD, "applications", "applications", 0, \
		rest_applications), \
	    ADMIN_CHANGE(GH_HTTP_POST, "applications", "application.create", ADMIN_BODY_MAX, \
		rest_application_create), \
	    ADMIN_CHANGE(GH_HTTP_POST, "applications/{profile}/rotate", "application.rotate", \
		ADMIN_NO_BODY_MAX, rest_application_rotate), \
	    ADMIN_CHANGE(GH_HTTP_PUT, "applications/{profile}/status", "application.enable", \
		ADMIN_NO_BODY_MAX, rest_application_enable), \
	    ADMIN_READ("labels", "labels", rest_labels), \
	    ADMIN_READ("messages", "messages", rest_messages), \
	    ADMIN_CHANGE(GH_HTTP_POST, "messages/test", "message.test", ADMIN_NO_BODY_MAX, \
		rest_message_test), \
	    ADMIN_CHANGE(GH_HTTP_POST, "messages/{id}/retry", "message.retry", ADMIN_NO_BODY_MAX, \
		rest_message_retry), \
	    ADMIN_CHANGE(GH_HTTP_GET | GH_HTTP_HEAD, "users", "users", 0, rest_users), \
	    ADMIN_CHANGE(GH_HTTP_PUT, "users/{profile}/status", "user.enable", ADMIN_NO_BODY_MAX, \
		rest_user_enable), \
	    ADMIN_CHANGE(GH_HTTP_GET | GH_HTTP_HEAD, "view-rules", "view-rules", 0, \
		rest_view_rules), \
	    ADMIN_CHANGE(GH_HTTP_POST, "view-rules", "view-rule.add", ADMIN_BODY_MAX, \
		rest_view_rule_add), \
	    ADMIN_CHANGE(GH_HTTP_GET | GH_HTTP_HEAD, "view-rules/{name}", "view-rule", 0, \
		rest_view_rule), \
	    ADMIN_CHANGE(GH_HTTP_DELETE, "view-rules/{name}", "view-rule.remove", \
		ADMIN_NO_BODY_MAX, rest_view_rule_remove), \
	    ADMIN_CHANGE(GH_HTTP_PUT, "users/{profile}/roles", "user.roles", ADMIN_NO_BODY_MAX, \
		rest_user_roles), \
	    ADMIN_CHANGE(GH_HTTP_GET | GH_HTTP_HEAD, "sessions", "sessions", 0, rest_sessions), \
	    ADMIN_CHANGE(GH_HTTP_DELETE, "sessions", "sessions.end", ADMIN_NO_BODY_MAX, \
		rest_sessions_end), \
	    ADMIN_CHANGE(GH_HTTP_DELETE, "sessions/{name}", "session.end", ADMIN_NO_BODY_MAX, \
		rest_session_end)

#endif
