/* A key and its certificate in one PKCS#12 (RFC 7292), as servers give them (RFC 8295, 8.3). */
#ifndef EST_PKCS12_H
#define EST_PKCS12_H

#include <openssl/x509.h>

#include "der.h"
#include "error.h"

#define EST_PKCS12_TYPE "application/pkcs12"

struct est_pkcs12 {
	const char *file; /* where it goes, as it comes; borrowed */
	char *password;   /* owned */
};

/* Of the options: asks for the password where password_file is NULL. GH_E_CONFLICT: file is there
 * already. Release with est_pkcs12_clear, in any case. */
int est_pkcs12_prepare(const char *file, const char *password_file, struct est_pkcs12 *out,
    struct gh_error *err) GH_MUSTCHECK;
void est_pkcs12_clear(struct est_pkcs12 *p); /* accepts an empty one; wipes */

/* Keeps it, and opens it then: whoever has mistaken the password still has the file.
 * GH_E_BAD_REQUEST: it is none; GH_E_CONF: it does not open with the password, or has no key with
 * its certificate. */
int est_pkcs12_take(const struct est_pkcs12 *p, const struct gh_der *pfx, EVP_PKEY **key,
    X509 **cert, struct gh_error *err) GH_MUSTCHECK;

#endif
