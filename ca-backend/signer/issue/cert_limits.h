/* What a CA may certify: its limits (struct signer_limits), and the name constraints in its own
 * certificate. GH_E_CA_POLICY with a sentence for whoever asked for the certificate. */
#ifndef SIGNER_CERT_LIMITS_H
#define SIGNER_CERT_LIMITS_H

#include "cert_fields.h"
#include "signer/keys/issuer.h"

/* What holds for every certificate (cert_fields_check_sanity), and all limits but the names. */
int cert_limits_check(const struct cert_facts *c, const struct issuer *ca,
    struct gh_error *err) GH_MUSTCHECK;

/* Subject and SANs of a finished certificate (DER), RFC 5280, 6.1.3 (b) and (c). */
int cert_limits_check_names(const struct gh_buf *cert, const struct issuer *ca,
    struct gh_error *err) GH_MUSTCHECK;

#endif
