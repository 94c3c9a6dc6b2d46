/* Make a CA: key, certificate, sealed record. */
#ifndef SIGNER_CA_CREATE_H
#define SIGNER_CA_CREATE_H

#include "sealed.h"

/* A new key; key_alg as in struct signer_create_ca. GH_E_SIGNER: unknown. */
int ca_make_key(const char *key_alg, EVP_PKEY **out, struct gh_error *err) GH_MUSTCHECK;

/* Appends certificate (DER) and sealed record. GH_E_SIGNER: beyond the parent's limits, unknown
 * algorithm, malformed fields. */
int ca_create(const struct sealing_key *k, const struct signer_create_ca *f, struct gh_buf *cert,
    struct gh_buf *sealed, struct gh_error *err) GH_MUSTCHECK;

#endif
