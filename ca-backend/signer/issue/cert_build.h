/* Build and sign a certificate, RFC 5280, 4.1: version 3, random serial, SKI and AKI. */
#ifndef SIGNER_CERT_BUILD_H
#define SIGNER_CERT_BUILD_H

#include "cert_fields.h"
#include "signer/keys/issuer.h"

#define CERT_DER_MAX (128 * 1024)

/* The facts must have been checked. Appends the certificate (DER) to out. */
int cert_build(const struct cert_facts *c, const struct issuer *ca, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

/* The same for whoever asks: nothing comes out when the names lie outside the CA's name constraints
 * (GH_E_CA_POLICY). */
int cert_build_checked(const struct cert_facts *c, const struct issuer *ca, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
