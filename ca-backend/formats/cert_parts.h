/* A certificate without OpenSSL, which takes 25 us to decode one: where its parts are. */
#ifndef CA_CERT_PARTS_H
#define CA_CERT_PARTS_H

#include <stdint.h>

#include "der.h"

/* RFC 5280, 4.1. All point into the certificate. */
struct cert_parts {
	struct gh_der serial;          /* content of the INTEGER */
	struct gh_der issuer, subject; /* Names, whole */
	struct gh_der spki;            /* SubjectPublicKeyInfo, whole */
	int64_t not_before, not_after; /* UTC seconds since 1970 */
	struct gh_der extensions;      /* each Extension, one behind the other; empty: none */
	struct gh_der san;             /* GeneralNames of subjectAltName; empty: none */
};

/* false: no certificate, or something behind it. Nothing is verified. */
bool cert_parts_read(const unsigned char *der, size_t len, struct cert_parts *out);
/* The value of an extension (the content of its OCTET STRING); the first, where it is there twice.
 * false: it is not there. */
bool cert_parts_extension(const struct cert_parts *parts, const void *oid, size_t oid_len,
    struct gh_der *value);

#endif
