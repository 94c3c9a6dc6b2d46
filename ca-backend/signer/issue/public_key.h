/* Read a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7), strictly and without libcrypto's slow
 * decoders. */
#ifndef SIGNER_PUBLIC_KEY_H
#define SIGNER_PUBLIC_KEY_H

#include "cert_fields.h"

/* Fills spki, key_bits, key, rsa_bits of *out. GH_E_SIGNER: malformed, of a kind that is not known,
 * or a point that is not on its curve. */
int public_key_read(const struct gh_der *spki, struct cert_facts *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
