/* POST /pki/keyrequest/generate and .../generate/token: the KRA makes a key. docs/pki-rest.md */
#ifndef ENROLL_REST_GENERATE_H
#define ENROLL_REST_GENERATE_H

#include "call.h"

void rest_generate(struct worker_env *env, const struct call *call, struct gh_http_reply *rep);
/* For a token that a person has or will have: {"cuid","userid"} in place of an owner. */
void rest_generate_token(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep);

/* Calls of both. */
void rest_generate_batch(struct worker_env *env, struct call_item *items, size_t n);

#endif
