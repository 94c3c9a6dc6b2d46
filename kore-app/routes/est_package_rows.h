/* The rows of RFC 8295, behind those of est_rows.h: part of the table in routes.c, which alone
 * includes this. */
#ifndef EST_PACKAGE_ROWS_H
#define EST_PACKAGE_ROWS_H

#include "est/est_crls.h"
#include "est/est_outcome.h"
#include "est/est_package.h"
#include "est/est_pal.h"
#include "est/est_return.h"

#include "routes.h"

/* The longest answer (package_return.h), in base64 with line ends. */
#define EST_ANSWER_MAX (384 * 1024)

#define EST_PACKAGE_ROW(verbs, path, id, who, size, type, function) \
	{ \
		.methods = (verbs), .pattern = "/.well-known/est/" path, .name = "est." id, \
		.need = (who), .body_max = (size), .body_type = (type), .handler = (function), \
		.family = &route_family_est \
	}

/* The services of RFC 8295: for whom the label lets in, and, where need says so, for anybody. id:
 * the path with a dot for each slash. */
#define EST_READ(path, id, who, function) \
	EST_PACKAGE_ROW(GH_HTTP_GET | GH_HTTP_HEAD, path, id, who, 0, NULL, function), \
	    EST_PACKAGE_ROW(GH_HTTP_GET | GH_HTTP_HEAD, "{label}/" path, "label." id, who, 0, \
		NULL, function)
/* All that waits, one of it by its number. */
#define EST_PACKAGES(operation, who, function) \
	EST_READ(operation, operation, who, function), \
	    EST_READ(operation "/{id}", operation ".one", who, function)
#define EST_RETURN(operation, type, function) \
	EST_PACKAGE_ROW(GH_HTTP_POST, operation "/return", operation ".return", AUTH_EST, \
	    EST_ANSWER_MAX, type, function), \
	    EST_PACKAGE_ROW(GH_HTTP_POST, "{label}/" operation "/return", \
		"label." operation ".return", AUTH_EST, EST_ANSWER_MAX, type, function)
#define EST_PACKAGE_ROWS \
	EST_READ("pal", "pal", AUTH_EST, est_pal), \
	    EST_READ("pal/{page}", "pal.page", AUTH_EST, est_pal), \
	    EST_READ("simpleenroll", "simpleenroll.outcome", AUTH_EST, est_outcome_simpleenroll), \
	    EST_READ("simplereenroll", "simplereenroll.outcome", AUTH_EST, \
		est_outcome_simplereenroll), \
	    EST_READ("fullcmc", "fullcmc.outcome", AUTH_EST, est_outcome_fullcmc), \
	    EST_PACKAGES("eecerts", AUTH_EST | AUTH_ANYBODY, est_eecerts), \
	    EST_PACKAGES("crls", AUTH_EST | AUTH_ANYBODY, est_crls), \
	    EST_PACKAGES("symmetrickeys", AUTH_EST, est_symmetrickeys), \
	    EST_PACKAGES("firmware", AUTH_EST, est_firmware), \
	    EST_PACKAGES("tamp", AUTH_EST, est_tamp), \
	    EST_RETURN("symmetrickeys", EST_CMS_TYPE, est_return_symmetrickeys), \
	    EST_RETURN("serverkeygen", EST_CMS_TYPE, est_return_serverkeygen), \
	    EST_RETURN("firmware", EST_CMS_TYPE, est_return_firmware), \
	    EST_RETURN("tamp", EST_TAMP_TYPES, est_return_tamp)

#endif
