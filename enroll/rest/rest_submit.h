/* POST /pki/request/{profile}: a request for a certificate. docs/pki-rest.md */
#ifndef ENROLL_REST_SUBMIT_H
#define ENROLL_REST_SUBMIT_H

#include "call.h"

#define REST_PKCS10_TYPE "application/pkcs10" /* RFC 5967, 3 */

void rest_submit(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
