/*
 * ECDH with a key of the KRA, which may be in a token. Both forms in which keys are wrapped for an
 * EC key have it in common, the one of RFC 7518 and that of CMS (RFC 5753).
 */
#ifndef SIGNER_KRA_KEY_AGREE_H
#define SIGNER_KRA_KEY_AGREE_H

#include "signer/wrap/agreement.h"

/* A key of own's curve, to be freed: from a SubjectPublicKeyInfo in DER, or from its point (SEC 1,
 * 2.3.3; not hybrid). NULL: own is not EC, another curve, or not a point on it. */
EVP_PKEY *key_agree_read_peer(EVP_PKEY *own, const struct gh_der *spki);
EVP_PKEY *key_agree_peer_at(EVP_PKEY *own, const struct gh_der *point);

/* own may be a key in a token (token.h); peer came from above. *len: bytes. The caller wipes
 * secret. GH_E_VALIDATION (refusal.h): no secret comes of it; GH_E_CA_UNAVAILABLE: the token is
 * away. */
int key_agree(EVP_PKEY *own, EVP_PKEY *peer, unsigned char secret[ECDH_SECRET_MAX], size_t *len,
    struct gh_error *err) GH_MUSTCHECK;

#endif
