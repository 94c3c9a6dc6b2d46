/* What makes two CertEnroll calls the same call. */
#ifndef ENROLL_CE_REPLAY_H
#define ENROLL_CE_REPLAY_H

#include "ce.h"

/*
 * SHA-256 over application, signature (decoded) and body. An unsigned call of v1 or v2 has neither
 * signature nor timestamp to tell one call from the next: its token stands in for the signature, so
 * that the same body with the same token is a retry, and with a new token a new request. 0 or
 * GH_E_INTERNAL, GH_E_NOMEM.
 */
int ce_replay_mark(const struct call *call, unsigned char out[REPLAY_MARK_SIZE],
    struct gh_error *err) GH_MUSTCHECK;

/*
 * The same for a call whose body has a password: HMAC-SHA256 of that mark under a key of the
 * gateway secret, so that who reads the database cannot try out passwords by it.
 */
int ce_replay_secret_mark(const unsigned char server_secret[32], const struct call *call,
    unsigned char out[REPLAY_MARK_SIZE], struct gh_error *err) GH_MUSTCHECK;

#endif
