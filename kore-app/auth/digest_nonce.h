/*
 * The nonces of Digest (RFC 7616, 5.4): a time and random bytes under a MAC, so that each node
 * knows those of the others, and nothing is stored of those that nobody answers.
 */
#ifndef DIGEST_NONCE_H
#define DIGEST_NONCE_H

#include <stdint.h>

#include "error.h"

#define DIGEST_NONCE_SIZE 81     /* 80 hex digits and NUL */
#define DIGEST_NONCE_SECONDS 300 /* how long one is good */

/* now: UTC seconds. GH_E_INTERNAL. */
int digest_nonce_make(const unsigned char server_secret[32], int64_t now,
    char out[DIGEST_NONCE_SIZE], struct gh_error *err) GH_MUSTCHECK;

enum digest_nonce_state {
	DIGEST_NONCE_GOOD,
	DIGEST_NONCE_STALE,   /* one of ours, and too old */
	DIGEST_NONCE_FOREIGN, /* none of ours, or from a time that is still to come */
};
enum digest_nonce_state digest_nonce_look(const unsigned char server_secret[32], const char *nonce,
    int64_t now);

#endif
