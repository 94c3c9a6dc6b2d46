/* What the certificate of a CA says of itself: basicConstraints and keyUsage, from its limits or
 * checked against them; and roots, which sign themselves. */
#ifndef SIGNER_CA_PROFILE_H
#define SIGNER_CA_PROFILE_H

#include "signer/issue/cert_fields.h"

#define CA_EXTENSIONS_MAX (64 * 1024)

/* Append Extensions (DER): basicConstraints and keyUsage by the limits, then those given (DER
 * Extensions, or nothing). A root has no pathLenConstraint, whatever its limits. */
int ca_extensions(const struct signer_limits *limits, bool is_root, const unsigned char *given,
    size_t given_len, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;

/* Append the certificate of a root, signed with its own key. */
int ca_sign_self(const struct cert_facts *c, EVP_PKEY *key, const struct signer_limits *limits,
    struct gh_buf *cert, struct gh_error *err) GH_MUSTCHECK;

/* GH_E_SIGNER: not the certificate (DER) of a CA; GH_E_CA_POLICY: the limits allow more than it
 * does. */
int ca_limits_fit(const struct gh_buf *cert, const struct signer_limits *l,
    struct gh_error *err) GH_MUSTCHECK;

#endif
