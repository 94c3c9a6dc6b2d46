/* The rows of what administrators do over REST: part of the table in routes.c, which alone includes
 * this. Officers and auditors read. */
#ifndef ADMIN_ROWS_H
#define ADMIN_ROWS_H

#include "rest/rest_authority.h"
#include "rest/rest_job.h"

#include "routes.h"

#define ADMIN_NO_BODY_MAX 1024 /* clients may send an empty object */

#define ADMIN_READ(path, id, function) \
	{ \
		.methods = GH_HTTP_GET | GH_HTTP_HEAD, .pattern = "/pki/" path, .name = "pki." id, \
		.need = AUTH_PERSON, \
		.roles = REQUESTER_ROLE_ADMIN | REQUESTER_ROLE_OFFICER | REQUESTER_ROLE_AUDITOR, \
		.handler = (function) \
	}
#define ADMIN_CHANGE(verb, path, id, size, function) \
	{ \
		.methods = (verb), .pattern = "/pki/" path, .name = "pki." id, \
		.need = AUTH_PERSON, .roles = REQUESTER_ROLE_ADMIN, .body_max = (size), \
		.handler = (function) \
	}

#define ADMIN_ROWS \
	ADMIN_READ("jobs", "jobs", rest_jobs), \
	    ADMIN_CHANGE(GH_HTTP_POST, "jobs/{name}/run", "job.run", ADMIN_NO_BODY_MAX, \
		rest_job_run), \
	    ADMIN_READ("authorities", "authorities", rest_authorities), \
	    ADMIN_READ("authorities/{name}", "authority", rest_authority)

#endif
