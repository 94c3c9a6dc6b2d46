/* /pki/certificate: certificates and their status over REST. docs/revocation.md */
#ifndef ENROLL_REST_CERTIFICATE_H
#define ENROLL_REST_CERTIFICATE_H

#include "rest.h"

enum rest_certificate_format {
	REST_CERTIFICATE_JSON,
	REST_CERTIFICATE_PEM,
	REST_CERTIFICATE_DER,
	REST_CERTIFICATE_PKCS7
};
/* By the parameter format, which counts before the header Accept: browsers fill that as they like.
 * A wrong one goes into fields. GH_E_VALIDATION, GH_E_BAD_REQUEST. */
int rest_certificate_format(const struct call *call, enum rest_certificate_format *out,
    struct rest_fields *fields, struct gh_error *err) GH_MUSTCHECK;

/* Each by {id} of the path, or by ?serial=&issuer= or ?thumbprint= when there is none. */
void rest_certificate(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void rest_certificate_status(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* PUT {"status","reason","invalidity_date","comment"} */
void rest_certificate_change(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* ?query=...: pages of the inventory */
void rest_certificate_statistics(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void rest_certificate_list(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

#endif
