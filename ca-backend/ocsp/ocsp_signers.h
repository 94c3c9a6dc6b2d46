/* The OCSP signers of all CAs: found in the database, made when there is none, remembered for a
 * while. Private to the responder. */
#ifndef OCSP_OCSP_SIGNERS_H
#define OCSP_OCSP_SIGNERS_H

#include "ocsp_signer.h"

#define OCSP_SIGNER_MARGIN 60 /* seconds that a signer must still be valid to be used */

struct ocsp_signers;
int ocsp_signers_new(struct ocsp_signers **out, struct gh_error *err) GH_MUSTCHECK;
void ocsp_signers_free(struct ocsp_signers *s);
/* One reference. GH_E_CA_UNAVAILABLE, GH_E_CA_LOCKED, GH_E_DB_DOWN, GH_E_SIGNER_DOWN: there is none
 * now. After a failure the next try for this CA comes some seconds later. */
int ocsp_signers_get(struct ocsp_signers *s, const struct ocsp_issuing *i, struct ocsp_signer **out,
    struct gh_error *err) GH_MUSTCHECK;
/* A certificate of this serial was revoked: is it one of ours? Then it is forgotten. */
bool ocsp_signers_forget(struct ocsp_signers *s, int64_t ca_id, const unsigned char *serial,
    size_t len);
/* All are to be looked up again. */
void ocsp_signers_recheck(struct ocsp_signers *s);

#endif
