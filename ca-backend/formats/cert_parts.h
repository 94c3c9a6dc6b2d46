/* A certificate without OpenSSL, which takes 25 us to decode one: where its parts are. */
#ifndef CA_CERT_PARTS_H
#define CA_CERT_PARTS_H

#include <stdint.h>

#include "der.h"

/* RFC 5280, 4.1. All point into the certificate. */
struct cert_parts {
	struct gh_der serial;          /* content of the INTEGER */
	struct gh_der subject, spki;   /* Name and SubjectPublicKeyInfo, whole */
	int64_t not_before, not_after; /* UTC seconds since 1970 */
	struct gh_der san;             /* GeneralNames of subjectAltName; empty: none */
};

/* false: no certificate, or something behind it. Nothing is verified. */
bool cert_parts_read(const unsigned char *der, size_t len, struct cert_parts *out);

#endif
