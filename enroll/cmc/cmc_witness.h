/*
 * Witnesses of a shared secret: IdentifyProofV2 and PopLinkWitnessV2 (RFC 5272, 6.2.1, 6.3.1.1),
 * which have one form: SEQUENCE { hash or KDF AlgorithmIdentifier, MAC AlgorithmIdentifier, witness
 * OCTET STRING } The key of the MAC is the hash of the secret. Pure.
 */
#ifndef CMC_WITNESS_H
#define CMC_WITNESS_H

#include "buf.h"
#include "der.h"
#include "error.h"

/*
 * value: whole. secret: all that is hashed, the identification behind it where there is one
 * (6.2.3). over: what the MAC is over. GH_E_BAD_REQUEST: malformed; GH_E_CSR_WEAK: other than
 * SHA-256, SHA-384 or SHA-512, and HMAC with one of them; GH_E_AUTH_FAILED: it does not fit. Public
 * texts.
 */
int cmc_witness_check(const struct gh_der *value, const struct gh_der *secret,
    const struct gh_der *over, struct gh_error *err) GH_MUSTCHECK;

/* Append one with SHA-256, as a client proves itself. GH_E_NOMEM. */
int cmc_witness_put(const struct gh_der *secret, const struct gh_der *over, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
