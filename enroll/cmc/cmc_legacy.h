/*
 * The forms of RFC 2797, all with SHA-1: identityProof, popLinkWitness and statusInfo (RFC 5272,
 * 6.2.2, 6.3.1.2, 6.1.2). Only where the context says so: for clients that know nothing else.
 */
#ifndef CMC_LEGACY_H
#define CMC_LEGACY_H

#include "der.h"
#include "error.h"

/*
 * witness: octets: HMAC-SHA1 over this, whose key is the SHA-1 of the secret alone.
 * GH_E_AUTH_FAILED (public): it does not fit.
 */
int cmc_legacy_check_witness(const struct gh_der *witness, const struct gh_der *secret,
    const struct gh_der *over, struct gh_error *err) GH_MUSTCHECK;

#endif
