/* Certificates from elsewhere: POST /pki/certificates/import, DELETE /pki/certificate/{id}.
 * docs/inventory.md */
#ifndef ENROLL_REST_CERT_IMPORT_H
#define ENROLL_REST_CERT_IMPORT_H

#include "call.h"

void rest_cert_import(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void rest_cert_remove(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
