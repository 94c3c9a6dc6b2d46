/* Metadata of many certificates over REST: runs that are ordered, seen and cancelled.
 * docs/metadata.md, docs/openapi.yaml */
#ifndef ENROLL_REST_METADATA_RUN_H
#define ENROLL_REST_METADATA_RUN_H

#include "call.h"

#define REST_METADATA_CSV_TYPE "text/csv" /* RFC 7111 */

/* POST /pki/metadata-runs: {"query","values","overwrite","dry_run"}, or CSV */
void rest_metadata_run_add(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* GET /pki/metadata-runs, /pki/metadata-runs/{id}, /pki/metadata-runs/{id}/items */
void rest_metadata_runs(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void rest_metadata_run(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
void rest_metadata_run_items(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
/* PUT /pki/metadata-runs/{id}/status: {"status":"cancelled"} */
void rest_metadata_run_cancel(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

#endif
