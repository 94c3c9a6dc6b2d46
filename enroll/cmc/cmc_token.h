/*
 * pendToken (RFC 5272, 6.13): the number of the request under a MAC, so that nobody asks through
 * the numbers; any node reads it, and nothing is kept.
 */
#ifndef CMC_TOKEN_H
#define CMC_TOKEN_H

#include <stddef.h>

#include "env.h"

#define CMC_TOKEN_SIZE 40

int cmc_token_make(const struct worker_env *env, int64_t id, unsigned char out[CMC_TOKEN_SIZE],
    struct gh_error *err) GH_MUSTCHECK;
/* GH_E_BAD_REQUEST (public): none of ours. */
int cmc_token_read(const struct worker_env *env, const unsigned char *p, size_t len, int64_t *id,
    struct gh_error *err) GH_MUSTCHECK;

#endif
