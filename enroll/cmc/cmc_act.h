/* Controls that ask for something, beside requests for certificates. Each leaves a status. */
#ifndef CMC_ACT_H
#define CMC_ACT_H

#include "cmc_run.h"

/* Does it ask for something? */
bool cmc_is_act(const struct pki_control *c);

/* queryPending (RFC 5272, 6.13) */
void cmc_query_pending(struct cmc_run *r, const struct pki_control *c);
/* revokeRequest (6.11): the policy is that of all doors (authority/revoke.h). */
void cmc_revoke(struct cmc_run *r, const struct pki_control *c);
/* The passphrase of one. false: there is none. */
bool cmc_revoke_passphrase(const struct pki_control *c, struct gh_der *out) GH_MUSTCHECK;
/* confirmCertAcceptance (6.11): by who asked for the certificate. */
void cmc_confirm(struct cmc_run *r, const struct pki_control *c);
/* getCert (6.9): any certificate of ours, for anybody who is proven. */
void cmc_get_cert(struct cmc_run *r, const struct pki_control *c);
/* getCRL (6.10): the newest complete CRL of a CA of ours. */
void cmc_get_crl(struct cmc_run *r, const struct pki_control *c);

/* Names a certificate as controls do. Members malloc'd. */
struct cmc_cert_id {
	char *issuer; /* as ca_dn_text prints it */
	char *serial; /* hex */
};
/* name: Name, serial: INTEGER; whole and content. false: malformed, or no memory. */
bool cmc_cert_id_read(const struct gh_der *name, const struct gh_der *serial,
    struct cmc_cert_id *out) GH_MUSTCHECK;
void cmc_cert_id_clear(struct cmc_cert_id *id);

#endif
