/*
 * ECDH, and what is made of its secret: a key that wraps another one (RFC 3394). Both forms in
 * which keys are wrapped for an EC key have it in common, the one of RFC 7518 and that of CMS (RFC
 * 5753).
 */
#ifndef SIGNER_KRA_KEY_AGREE_H
#define SIGNER_KRA_KEY_AGREE_H

#include <openssl/evp.h>

#include "der.h"

#define KEY_AGREE_SECRET_MAX 66 /* bytes of a P-521 coordinate */
#define AES_KW_OVERHEAD 8       /* bytes that wrapping adds */

/* A key of own's curve, to be freed: from a SubjectPublicKeyInfo in DER, or from its point (SEC 1,
 * 2.3.3; not hybrid). NULL: own is not EC, another curve, or not a point on it. */
EVP_PKEY *key_agree_read_peer(EVP_PKEY *own, const struct gh_der *spki);
EVP_PKEY *key_agree_peer_at(EVP_PKEY *own, const struct gh_der *point);

/* own may be a key in a token (token.h); peer came from above. *len: bytes. The caller wipes
 * secret. GH_E_VALIDATION (refusal.h): no secret comes of it; GH_E_CA_UNAVAILABLE: the token is
 * away. */
int key_agree(EVP_PKEY *own, EVP_PKEY *peer, unsigned char secret[KEY_AGREE_SECRET_MAX],
    size_t *len, struct gh_error *err) GH_MUSTCHECK;
/* kdf, with SHA-256: "SSKDF" (Concat KDF, NIST SP 800-56A) or "X963KDF" (ANSI X9.63). info: what
 * both sides know. false: no memory. */
bool key_agree_derive(const char *kdf, const struct gh_der *secret, const struct gh_der *info,
    unsigned char *kek, size_t kek_size);

/* kek: 16 or 32 bytes. out: key->len + AES_KW_OVERHEAD bytes, and a block more. */
bool aes_kw_wrap(const unsigned char *kek, size_t kek_size, const struct gh_der *key,
    unsigned char *out, size_t *len);
/* A key of exactly len bytes, at most 64. false: altered, another key, another length; nothing is
 * written then. */
bool aes_kw_unwrap(const unsigned char *kek, size_t kek_size, const struct gh_der *cipher,
    unsigned char *out, size_t len);

#endif
