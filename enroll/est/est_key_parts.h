/* The answer of serverkeygen: multipart/mixed with the key and its certificate (RFC 7030, 4.4.2).
 */
#ifndef ENROLL_EST_KEY_PARTS_H
#define ENROLL_EST_KEY_PARTS_H

#include "der.h"
#include "http.h"

/* 200: key of that type, and certs, a certs-only PKCS#7, DER each. GH_E_NOMEM. */
int est_key_parts_put(const char *key_type, const struct gh_der *key, const struct gh_der *certs,
    struct gh_http_reply *rep, struct gh_error *err) GH_MUSTCHECK;

#endif
