/*
 * Linking of identity and proof of possession (RFC 7030, 3.5): a CSR names the TLS connection that
 * it is sent over, so that nobody sends the CSR of another one over his own.
 */
#ifndef ENROLL_EST_LINKING_H
#define ENROLL_EST_LINKING_H

#include "catalog/est_label.h"
#include "formats/pkcs10.h"
#include "http.h"

/*
 * challengePassword (PKCS#9) and estIdentityLinking (RFC 7894) of csr, each for itself, against the
 * channel binding of the connection: base64 of tls-unique with TLS 1.2, of tls-exporter with
 * TLS 1.3 (RFC 9266; RFC 9148, 3). is_ra: who sends it forwards the CSRs of others, and is
 * believed; only that something is there is demanded of these (RFC 7030, 3.7). GH_E_LINKING
 * (public): missing, not that of this connection, or an otpChallenge, which nothing here can
 * verify.
 */
int est_linking_check(enum est_linking mode, bool is_ra, const struct gh_tls *tls,
    const struct ca_pkcs10 *csr, struct gh_error *err) GH_MUSTCHECK;

#endif
