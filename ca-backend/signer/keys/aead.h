/* AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce for each message. */
#ifndef SIGNER_AEAD_H
#define SIGNER_AEAD_H

#include "der.h"

#define AEAD_KEY_SIZE 32
#define AEAD_OVERHEAD (12 + 16) /* nonce in front, tag behind */

/* Append nonce, ciphertext, tag to out. aad is authenticated and not written. */
int aead_seal(const unsigned char key[AEAD_KEY_SIZE], const struct gh_der *aad,
    const struct gh_der *plain, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;
/* Append the plaintext to out (make it secret). GH_E_SIGNER: another key, or damaged. */
int aead_open(const unsigned char key[AEAD_KEY_SIZE], const struct gh_der *aad,
    const struct gh_der *message, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;

#endif
