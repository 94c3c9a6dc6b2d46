/*
 * Certificates/3/Import of Keyfactor's Classic API (docs/keyfactor-api.md):
 *   {"Content":"base64 or PEM","Password":"of a PKCS#12","Metadata":{"Department":"IT"}}
 * It is the import of the inventory (inventory/cert_import.h).
 */
#ifndef ENROLL_CE_IMPORT_H
#define ENROLL_CE_IMPORT_H

#include "call.h"

void ce_import(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

#endif
