/* Times of certificates, CRLs and OCSP answers in DER: seconds, and Z. */
#ifndef SIGNER_DER_TIME_H
#define SIGNER_DER_TIME_H

#include "der.h"

#define DER_TIME_SIZE 17 /* "YYYYMMDDHHMMSSZ" as an element */

struct der_time {
	unsigned char bytes[DER_TIME_SIZE + 1];
	size_t len;
};

/* RFC 5280, 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on. false: before 1970 or
 * after 9999. */
bool der_time_encode(int64_t t, struct der_time *out);
/* GeneralizedTime always, as OCSP has it. */
bool der_time_encode_general(int64_t t, struct der_time *out);

/* The same two, read: take the next element if it is such a time. */
bool der_time_take(struct gh_der *in);
bool der_time_take_general(struct gh_der *in);

#endif
