/* The vendor's QueryString over certificates, as the query of our search. */
#ifndef ENROLL_KF_QUERY_H
#define ENROLL_KF_QUERY_H

#include "buf.h"
#include "inventory/query_parse.h"
#include "kf_ask.h"

#define KF_QUERY_SIZE (3 * (QUERY_MAX_BYTES + 200))

/* Is it one, as it is written, before it becomes a part of another? Fields without allow_api are
 * not there. NULL and blanks: none, which is all of them. GH_E_BAD_REQUEST. */
int kf_query_check(const struct worker_env *env, const char *query,
    struct gh_error *err) GH_MUSTCHECK;
/* "&query=..." behind other parameters: those of query that are neither revoked nor expired, unless
 * these are asked for. Nothing for all. */
void kf_query_put(struct gh_buf *b, const char *query, bool revoked, bool expired);

#endif
