/* What a TLS client certificate says of its user: a name, and perhaps the SID of his account. */
#ifndef AUTH_CERT_H
#define AUTH_CERT_H

#include <stddef.h>

#include "error.h"

enum auth_cert_name { AUTH_CERT_UPN, AUTH_CERT_MAIL };

struct auth_cert {
	char *name;
	char *sid; /* "S-1-5-21-..."; NULL = the certificate has none */
};

/*
 * From a certificate that TLS has verified: the one otherName UPN (1.3.6.1.4.1.311.20.2.3) or the
 * one rfc822Name of its subjectAltName, and the SID of the security extension
 * (1.3.6.1.4.1.311.25.2, MS-WCCE 2.2.2.7.7.4) or of a URI "tag:microsoft.com,2022-09-14:sid:SID"
 * (KB5014754). GH_E_AUTH_FAILED: unreadable, no name or more than one, a SID that is malformed,
 * there twice, or not the same in both places. Release with auth_cert_clear.
 */
int auth_cert_read(const unsigned char *der, size_t len, enum auth_cert_name which,
    struct auth_cert *out, struct gh_error *err) GH_MUSTCHECK;
void auth_cert_clear(struct auth_cert *c);

#endif
