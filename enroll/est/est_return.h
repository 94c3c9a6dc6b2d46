/*
 * Answers to packages: POST /.well-known/est/[LABEL/]OPERATION/return for symmetrickeys,
 * serverkeygen, firmware and tamp (RFC 8295, 5.2, 6.2, 7.2, 8.2). 204 when the answer is on record.
 */
#ifndef ENROLL_EST_RETURN_H
#define ENROLL_EST_RETURN_H

#include "call.h"

#define EST_CMS_TYPE "application/cms"
#define EST_TAMP_TYPES "application/tamp-*"

/* The body: base64 as all of EST, or DER, as RFC 8295 has it. */
void est_return_symmetrickeys(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void est_return_serverkeygen(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void est_return_firmware(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void est_return_tamp(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
