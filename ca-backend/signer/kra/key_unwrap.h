/* Unwrapping what was wrapped for a key of the KRA (signer/wrap/key_wrap.h). */
#ifndef SIGNER_KRA_KEY_UNWRAP_H
#define SIGNER_KRA_KEY_UNWRAP_H

#include "signer/wrap/key_wrap.h"

/*
 * Unwrap a key of exactly len bytes into out. The private key may be one in a token (token.h).
 * GH_E_VALIDATION, always with the same text: wrapped for another key, with another algorithm,
 * altered, or of another length. RSA1_5 never fails for what is inside: out is then a random key,
 * chosen in constant time, so that nobody learns anything about a ciphertext (Bleichenbacher).
 * GH_E_CA_UNAVAILABLE: the token is away. The caller wipes out.
 */
int key_unwrap(EVP_PKEY *with, const struct wrapped_key *w, size_t len, unsigned char *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
