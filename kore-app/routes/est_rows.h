/* The rows of EST: part of the table in routes.c, which alone includes this. Each operation has two
 * paths, with a label and without. */
#ifndef EST_ROWS_H
#define EST_ROWS_H

#include "est/est_cacerts.h"
#include "est/est_csrattrs.h"
#include "est/est_enroll.h"
#include "est/est_fullcmc.h"
#include "est/est_request.h"
#include "est/est_serverkeygen.h"

#include "routes.h"

/* A base64 PKCS#10 with an RSA-16384 key and a hundred names stays below. */
#define EST_BODY_MAX (128 * 1024)

/* Keys cost: few at work, one by one, as those of pkcs12_batch. */
static const struct route_batch est_keygen_batch = {
    .run = est_serverkeygen_batch,
    .max = 1,
    .at_once = 1,
};

#define EST_ROW(verbs, path, id, who, size, type, function, together) \
	{ \
		.methods = (verbs), .pattern = "/.well-known/est/" path, .name = "est." id, \
		.need = (who), .body_max = (size), .body_type = (type), .handler = (function), \
		.batch = (together), .family = &route_family_est \
	}
/* Open to anybody. */
#define EST_GET(operation, function) \
	EST_ROW(GH_HTTP_GET | GH_HTTP_HEAD, operation, operation, AUTH_ANYBODY, 0, NULL, function, \
	    NULL), \
	    EST_ROW(GH_HTTP_GET | GH_HTTP_HEAD, "{label}/" operation, "label." operation, \
		AUTH_ANYBODY, 0, NULL, function, NULL)
/* For whom the label lets in. */
#define EST_POST(operation, type, function, together) \
	EST_ROW(GH_HTTP_POST, operation, operation, AUTH_EST, EST_BODY_MAX, type, function, \
	    together), \
	    EST_ROW(GH_HTTP_POST, "{label}/" operation, "label." operation, AUTH_EST, \
		EST_BODY_MAX, type, function, together)
/* The same; its handler uses up a one-time password. */
#define EST_ENROLL(operation, function) \
	EST_ROW(GH_HTTP_POST, operation, operation, AUTH_EST | AUTH_EST_ONE_TIME, EST_BODY_MAX, \
	    EST_PKCS10_TYPE, function, NULL), \
	    EST_ROW(GH_HTTP_POST, "{label}/" operation, "label." operation, \
		AUTH_EST | AUTH_EST_ONE_TIME, EST_BODY_MAX, EST_PKCS10_TYPE, function, NULL)

/* Base64 of the largest message (cms_signed.h). */
#define EST_CMC_MAX (768 * 1024)
#define EST_CMC(operation, function) \
	EST_ROW(GH_HTTP_POST, operation, operation, AUTH_EST | AUTH_EST_MESSAGE, EST_CMC_MAX, \
	    EST_CMC_TYPE, function, NULL), \
	    EST_ROW(GH_HTTP_POST, "{label}/" operation, "label." operation, \
		AUTH_EST | AUTH_EST_MESSAGE, EST_CMC_MAX, EST_CMC_TYPE, function, NULL)

#define EST_ROWS \
	EST_GET("cacerts", est_cacerts), EST_GET("csrattrs", est_csrattrs), \
	    EST_ENROLL("simpleenroll", est_simpleenroll), \
	    EST_ENROLL("simplereenroll", est_simplereenroll), \
	    EST_POST("serverkeygen", EST_PKCS10_TYPE, est_serverkeygen, &est_keygen_batch), \
	    EST_CMC("fullcmc", est_fullcmc)

#endif
