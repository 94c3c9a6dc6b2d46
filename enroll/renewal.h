/*
 * What a renewal keeps of the certificate that it follows, by whatever protocol it is asked for
 * (RFC 7030, 4.2.2; RFC 6402, 2.8). All errors are public.
 */
#ifndef ENROLL_RENEWAL_H
#define ENROLL_RENEWAL_H

#include <openssl/x509.h>

#include "error.h"
#include "formats/pkcs10.h"
#include "store/store.h"

#define RENEWAL_OF_SIZE 65 /* SHA-256 of a TBSCertificate in hex, and NUL */

/* csr asks for the names of cert: subjects compare as RFC 5280, 7.1 says, SANs as the set of their
 * DER; what is absent in one is absent in both. GH_E_FORBIDDEN, GH_E_SUBJECT. */
int renewal_check_names(X509 *cert, const struct ca_pkcs10 *csr, struct gh_error *err) GH_MUSTCHECK;
/* It is for another key, however that one is encoded. GH_E_FORBIDDEN. */
int renewal_check_key(X509 *cert, const struct ca_pkcs10 *csr, struct gh_error *err) GH_MUSTCHECK;
/* It comes in the last `window` seconds of cert; 0: at any time. now: UTC seconds. GH_E_FORBIDDEN,
 * with retry_after. */
int renewal_check_time(X509 *cert, int64_t window, int64_t now, struct gh_error *err) GH_MUSTCHECK;

/* Which certificate it is that is renewed: by what is signed, as store_recognize tells it, since
 * the same certificate with another signature is as valid. GH_E_INTERNAL. */
int renewal_name(X509 *cert, char of[RENEWAL_OF_SIZE], struct gh_error *err) GH_MUSTCHECK;
/* cert was not renewed yet where each is renewed once. GH_E_FORBIDDEN. */
int renewal_check_unspent(struct store *s, X509 *cert, struct gh_error *err) GH_MUSTCHECK;

#endif
