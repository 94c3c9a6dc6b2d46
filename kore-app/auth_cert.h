/* The name that a TLS client certificate gives its user. */
#ifndef AUTH_CERT_H
#define AUTH_CERT_H

#include <stddef.h>

#include "error.h"

enum auth_cert_name { AUTH_CERT_UPN, AUTH_CERT_MAIL };

/*
 * From the subjectAltName of a certificate that TLS has verified: the one otherName UPN
 * (1.3.6.1.4.1.311.20.2.3) or the one rfc822Name. *out malloc'd. GH_E_AUTH_FAILED: unreadable, none, or
 * more than one.
 */
int auth_cert_user(const unsigned char *der, size_t len, enum auth_cert_name which, char **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
