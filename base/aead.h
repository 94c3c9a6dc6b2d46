/* AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce for each message. What is at rest under
 * a key of gh_derive_key or of a password is sealed so, by gateway and signer. */
#ifndef GH_AEAD_H
#define GH_AEAD_H

#include "der.h"
#include "digest.h"

#define GH_AEAD_OVERHEAD (12 + 16) /* nonce in front, tag behind */

/* Append nonce, ciphertext, tag to out. aad is authenticated and not written. Nothing can be
 * sealed, too. GH_E_INTERNAL, GH_E_NOMEM. */
int gh_aead_seal(const unsigned char key[GH_KEY_SIZE], const struct gh_der *aad,
    const struct gh_der *plain, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;
/* Append the plaintext to out (make it secret). GH_E_BAD_REQUEST: another key, or damaged; the
 * caller knows what it was. */
int gh_aead_open(const unsigned char key[GH_KEY_SIZE], const struct gh_der *aad,
    const struct gh_der *message, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;

#endif
