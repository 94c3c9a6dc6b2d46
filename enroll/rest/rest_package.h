/* Packages for EST clients over REST (docs/est-packages.md): the same as `gatehouse package`, by
 * the same code. */
#ifndef ENROLL_REST_PACKAGE_H
#define ENROLL_REST_PACKAGE_H

#include "call.h"

/* Bodies that rest_package_add takes. */
#define REST_PACKAGE_TYPE "application/octet-stream"

/* GET /pki/packages */
void rest_packages(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* POST /pki/packages?type=&for=...: the body is the file. 201. */
void rest_package_add(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* GET /pki/package/{id} */
void rest_package(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* DELETE /pki/package/{id}: 204. */
void rest_package_remove(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* GET /pki/packages/deliveries, and /pki/package/{id}/deliveries: who got what, and what they
 * answered. */
void rest_package_deliveries(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

#endif
