/*
 * Metadata/3 and Certificates/3/Contents of Keyfactor's Classic API (docs/keyfactor-api.md):
 *   {"Lookup":{...},"Security":{"Flags":1},"Metadata":{"Department":"IT"}}
 * Bits of Flags: 1 fails for a revoked certificate, 2 for one that has ended, 4 for one whose state
 * nobody here knows, as it was issued elsewhere; 8 overwrites values of fields with ExplicitUpdate.
 */
#ifndef ENROLL_CE_METADATA_H
#define ENROLL_CE_METADATA_H

#include "call.h"
#include "json.h"

/* POST Metadata/3/Get, Set, GetDefinition */
void ce_metadata_get(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void ce_metadata_set(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void ce_metadata_definition(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* POST Certificates/3/Contents: {"Lookup":{...}} */
void ce_contents(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);

/* Are all members of this object (or NULL) fields that clients of this API see? GH_E_METADATA names
 * one that is not. */
int ce_metadata_check(const struct worker_env *env, const gh_json *values,
    struct gh_error *err) GH_MUSTCHECK;

#endif
