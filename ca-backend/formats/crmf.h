/*
 * Certificate requests as CertReqMessages of CRMF (RFC 4211). A request becomes the PKCS#10 that
 * asks for the same, so that one parser and one check look at both: a CRMF can ask for nothing that
 * a PKCS#10 could not.
 */
#ifndef CA_CRMF_H
#define CA_CRMF_H

#include "pkcs10.h"

/*
 * Parse BER. *out: its der is the DER of the message, cert_request what the signature is over,
 * archive_options the control pkiArchiveOptions (for a KRA; empty: none). Refused with GH_E_CSR,
 * beside what ca_pkcs10_parse refuses: other than one message; no subject or no public key; a proof
 * of possession that is not a signature over the CertRequest (4.1, case 3); a serialNumber or
 * signingAlg (5); pkiArchiveOptions twice; a control that is not of RFC 4211, 6. Looked over, as
 * RFC 4211 allows, are version, issuer, validity, unique identifiers, regInfo and the other
 * controls. *out is NULL after a failure.
 */
int ca_crmf_parse(const unsigned char *ber, size_t len, struct ca_pkcs10 **out,
    struct gh_error *err) GH_MUSTCHECK;

/* The value, whole, of a control of CMC in a CRMF: 1.3.6.1.5.5.7.7.number. false: there is none, or
 * csr is none. The first one, where there are several. */
bool ca_crmf_find_cmc_control(const struct ca_pkcs10 *csr, unsigned char number,
    struct gh_der *out) GH_MUSTCHECK;

/*
 * The same for who can challenge (RFC 5272, 6.7): also a proof of possession that is to follow by a
 * challenge, keyEncipherment or keyAgreement with challengeResp (RFC 4211, 4.2, 4.3), of a key that
 * is not Ed25519. *out has awaits_proof then. When it is proven, ca_crmf_without_key gives the
 * request that can be served.
 */
int ca_crmf_parse_unproven(const unsigned char *ber, size_t len, struct ca_pkcs10 **out,
    struct gh_error *err) GH_MUSTCHECK;

/* Is this a CRMF, and not a PKCS#10? Told by what stands in the first place. */
bool ca_crmf_is(const struct gh_der *der);
/*
 * The message without pkiArchiveOptions, as it is recorded: what a key was wrapped in for the KRA
 * is kept nowhere, so that nobody can give it to the KRA once more. csr: parsed and checked
 * (ca_pkcs10_check), or proven by a challenge, since its signature says nothing of what is left.
 * The proof of possession becomes raVerified (RFC 4211, 4), which ca_request_parse alone takes;
 * *out has is_verified.
 */
int ca_crmf_without_key(const struct ca_pkcs10 *csr, struct ca_pkcs10 **out,
    struct gh_error *err) GH_MUSTCHECK;
/* A request as it was recorded, in DER: ca_crmf_parse or ca_pkcs10_parse, whichever it is. Not for
 * what comes from outside: a recorded CRMF may say raVerified. */
int ca_request_parse(const unsigned char *der, size_t len, struct ca_pkcs10 **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
