/*
 * What became of a client's requests (RFC 8295, 9): GET /.well-known/est/[LABEL/]OPERATION for
 * simpleenroll, simplereenroll and fullcmc gives what the newest request by that operation came to:
 * certs-only, its denial, or 202 while it waits. docs/est-packages.md
 */
#ifndef ENROLL_EST_OUTCOME_H
#define ENROLL_EST_OUTCOME_H

#include "call.h"
#include "store/request/request_client.h"

/* 404: there is none within a week. */
void est_outcome_simpleenroll(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void est_outcome_simplereenroll(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);
void est_outcome_fullcmc(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

/* The newest by this operation; NULL: there is none. */
const struct store_client_request *est_outcome_find(const struct store_client_requests *l,
    const char *operation);

enum est_outcome { EST_OUTCOME_NONE, EST_OUTCOME_WAITS, EST_OUTCOME_GOOD, EST_OUTCOME_BAD };
/* What it came to, as far as that is told. */
enum est_outcome est_outcome_of(const struct store_client_request *r);

/* Before it is sent, by whatever operation. */
int est_outcome_record(struct worker_env *env, const struct call *call, int64_t request_id,
    struct gh_error *err) GH_MUSTCHECK;
#define EST_OUTCOME_OBJECT_SIZE 32
/* "outcome/12": in records of delivery. */
char *est_outcome_object(int64_t request_id, char out[EST_OUTCOME_OBJECT_SIZE]);

#endif
