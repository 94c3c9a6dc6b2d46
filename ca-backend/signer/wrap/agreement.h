/* What both sides of a key that is wrapped for an EC key do: ECDH, a key out of its secret, and AES
 * key wrap (RFC 3394) under that. */
#ifndef SIGNER_AGREEMENT_H
#define SIGNER_AGREEMENT_H

#include <openssl/evp.h>

#include "der.h"

#define ECDH_SECRET_MAX 66 /* bytes of a P-521 coordinate */
#define AES_KW_OVERHEAD 8  /* bytes that wrapping adds */

/* Both of one curve; own is the private one. *len: bytes. false: no secret comes of it. The caller
 * wipes secret. */
bool ecdh(EVP_PKEY *own, EVP_PKEY *peer, unsigned char secret[ECDH_SECRET_MAX], size_t *len);
/* kdf, with SHA-256: "SSKDF" (Concat KDF, NIST SP 800-56A) or "X963KDF" (ANSI X9.63). info: what
 * both sides know. false: no memory. */
bool kdf_sha256(const char *kdf, const struct gh_der *secret, const struct gh_der *info,
    unsigned char *kek, size_t kek_size);

/* kek: 16 or 32 bytes. out: key->len + AES_KW_OVERHEAD bytes, and a block more. */
bool aes_kw_wrap(const unsigned char *kek, size_t kek_size, const struct gh_der *key,
    unsigned char *out, size_t *len);
/* A key of exactly len bytes, at most 64. false: altered, another key, another length; nothing is
 * written then. */
bool aes_kw_unwrap(const unsigned char *kek, size_t kek_size, const struct gh_der *cipher,
    unsigned char *out, size_t len);

#endif
