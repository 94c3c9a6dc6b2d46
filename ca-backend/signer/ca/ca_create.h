/* Make a CA: key, certificate, sealed record. */
#ifndef SIGNER_CA_CREATE_H
#define SIGNER_CA_CREATE_H

#include "signer/keys/sealed.h"

/* Appends certificate (DER) and sealed record. GH_E_SIGNER: beyond the parent's limits, unknown
 * algorithm, malformed fields. */
int ca_create(const struct sealing_key *k, const struct signer_create_ca *f, struct gh_buf *cert,
    struct gh_buf *sealed, struct gh_error *err) GH_MUSTCHECK;

#endif
