/*
 * Bodies of EST: base64 of DER in both directions, whatever Content-Transfer-Encoding says (RFC
 * 8951, 3). What clients can read differs, and was measured: docs/est.md.
 */
#ifndef ENROLL_EST_BODY_H
#define ENROLL_EST_BODY_H

#include "call.h"
#include "catalog/est_label.h"

#define EST_CERTS_TYPE "application/pkcs7-mime; smime-type=certs-only"

/* The body of a request, decoded; malloc'd. Blanks and line ends anywhere in it are passed over.
 * GH_E_LENGTH_REQUIRED; GH_E_UNSUPPORTED_MEDIA: it is not of this type; GH_E_BAD_REQUEST (public).
 */
int est_body_read(const struct call *call, const char *type, unsigned char **der, size_t *len,
    struct gh_error *err) GH_MUSTCHECK;

/* Is there a body of this type? The same errors, without a look at what it is. */
int est_body_check(const struct call *call, const char *type, struct gh_error *err) GH_MUSTCHECK;

/* 200 with this body. wraps: in lines where the label leaves it to us. */
void est_body_put(const struct est_label *label, bool wraps, const char *type,
    const unsigned char *der, size_t len, struct gh_http_reply *rep);

/* Does a client need lines in /cacerts? libest does, and says who it is; strongSwan reads none. */
bool est_body_wants_lines(const struct gh_http_request *req);

#endif
