/* OCSP answers, RFC 6960, 4.2.1, and the keys that sign them. */
#ifndef SIGNER_OCSP_SIGN_H
#define SIGNER_OCSP_SIGN_H

#include "signer/protocol/protocol_sign.h"
#include "signer/keys/sealed.h"

/* Largest answer; it has to fit a frame. */
#define OCSP_RESPONSE_MAX (SIGNER_OCSP_RESPONSES_MAX + SIGNER_OCSP_EXTENSIONS_MAX + 16 * 1024)

/* Checks the fields and appends an OCSPResponse (DER) that is signed by signer, of kind
 * ISSUER_OCSP. */
int ocsp_sign(const struct issuer *signer, const struct signer_ocsp_fields *f, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

/* GH_E_CA_POLICY: the name constraints of the CA (with its key) leave no name for its OCSP
 * signer. */
int ocsp_signer_check_names(const struct issuer *ca, struct gh_error *err) GH_MUSTCHECK;
/* A key and a certificate of ca for it, under a name that the constraints of the CA allow. Appends
 * certificate (DER) and sealed record. GH_E_CA_POLICY: as above. */
int ocsp_signer_create(const struct sealing_key *k, const struct issuer *ca,
    const struct signer_create_ocsp *f, struct gh_buf *cert, struct gh_buf *sealed,
    struct gh_error *err) GH_MUSTCHECK;

#endif
