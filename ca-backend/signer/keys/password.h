/*
 * A key under a password: scrypt (RFC 7914) and AES-256-GCM. The parameters stand beside the
 * ciphertext, so that they can be raised; those that are read are bounded.
 */
#ifndef SIGNER_PASSWORD_H
#define SIGNER_PASSWORD_H

#include "der.h"

/* Append parameters and ciphertext to out. */
int password_seal(const char *password, const struct gh_der *secret, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Append the secret to out (make it secret). GH_E_CA_PASSWORD: wrong; GH_E_SIGNER: parameters out
 * of bounds, malformed. */
int password_open(const char *password, const struct gh_der *sealed, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
