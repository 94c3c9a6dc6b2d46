/*
 * The parts of a CRL that are the gateway's business: entries and extensions (RFC 5280, 5.2
 * and 5.3). Version, issuer, times, AKI and signature are the signer's.
 */
#ifndef CA_CRL_ENCODE_H
#define CA_CRL_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define CRL_SERIAL_MAX 20 /* bytes, RFC 5280, 4.1.2.2 */
#define CRL_ENTRY_MAX 96  /* bytes of an encoded entry, at most */

#define CRL_REASON_HOLD 6   /* certificateHold */
#define CRL_REASON_REMOVE 8 /* removeFromCRL: in a delta CRL only */

struct crl_entry {
	const unsigned char *serial; /* unsigned, big-endian; zeros in front are allowed */
	size_t serial_len;           /* 1 to CRL_SERIAL_MAX */
	int64_t revoked_at;          /* UTC seconds */
	int reason;                  /* CRLReason; 0 is left out, as the RFC wants it */
	bool has_invalidity;
	int64_t invalidity; /* UTC seconds */
};

/* One element of revokedCertificates into out; returns its size. 0: the serial's length or a time
 * (year 0 to 9999) is out of range. */
size_t crl_encode_entry(const struct crl_entry *e, unsigned char out[CRL_ENTRY_MAX]);

struct crl_extensions {
	uint64_t number; /* cRLNumber */
	bool is_delta;
	uint64_t base_number;    /* of a delta CRL */
	char *const *idp_urls;   /* NULL-ended: issuingDistributionPoint; NULL or empty = none */
	char *const *delta_urls; /* NULL-ended: freshestCRL; NULL or empty = none */
};

/* Elements of crlExtensions one behind the other, without authorityKeyIdentifier. */
void crl_put_extensions(struct gh_buf *b, const struct crl_extensions *x);

#endif
