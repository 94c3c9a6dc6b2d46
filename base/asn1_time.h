/* Times of certificates, CRLs and OCSP answers (RFC 5280, 4.1.2.5), to and from UTC seconds since
 * 1970. */
#ifndef GH_ASN1_TIME_H
#define GH_ASN1_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/asn1.h>

#include "der.h"

#define GH_ASN1_TIME_SIZE 17 /* bytes of "YYYYMMDDHHMMSSZ" as an element */

struct gh_asn1_time {
	unsigned char bytes[GH_ASN1_TIME_SIZE];
	size_t len;
};

/* What OpenSSL has decoded. false: NULL (which OpenSSL would take for the present), or no time.
 * *out is then 0. */
bool gh_asn1_time_get(const ASN1_TIME *t, int64_t *out);

/* Time: UTCTime from 1950 through 2049, else GeneralizedTime. false: not in the years 0000 to
 * 9999. */
bool gh_asn1_time_encode(int64_t t, struct gh_asn1_time *out);
/* GeneralizedTime always, as OCSP has it. */
bool gh_asn1_time_encode_general(int64_t t, struct gh_asn1_time *out);

/* The same two, read: take the next element if it is such a time, in the one form that RFC 5280
 * allows, and the date exists. out may be NULL. */
bool gh_asn1_time_take(struct gh_der *in, int64_t *out);
bool gh_asn1_time_take_general(struct gh_der *in, int64_t *out);

/* The 14 digits YYYYMMDDHHMMSS at p; what is behind them is not looked at. false: no such time. */
bool gh_asn1_time_digits(const void *p, int64_t *out);

#endif
