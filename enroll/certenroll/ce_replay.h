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

#endif
