/*
 * An OCSPRequest (RFC 6960, 4.1) read in place: no allocation, all members point into the request.
 */
#ifndef CA_OCSP_REQUEST_H
#define CA_OCSP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "der.h"
#include "digest.h"
#include "error.h"

#define OCSP_REQUEST_MAX (10 * 1024) /* bytes of a request */
#define OCSP_CERTS_MAX 32            /* certificates asked about in one request */
#define OCSP_SERIAL_MAX 20           /* RFC 5280, 4.1.2.2 */
#define OCSP_SERIAL_READ_MAX 64      /* content octets: longer ones the signer does not echo */
#define OCSP_NONCE_MAX 128           /* RFC 9654, 2.1 */

/* One certificate that is asked about. */
struct ocsp_cert_id {
	struct gh_der whole; /* CertID with its header: echoed as it was sent */
	bool has_hash;       /* hash is one that we serve; else nothing can be known about it */
	enum gh_hash hash;   /* GH_SHA1 or GH_SHA256 */
	struct gh_der name_hash, key_hash;
	/* Magnitude without leading zeros (0 is one zero octet), as the database has it. Empty:
	 * negative or longer than OCSP_SERIAL_MAX, so that no certificate has it. */
	struct gh_der serial;
};

struct ocsp_request {
	size_t n; /* 1 to OCSP_CERTS_MAX */
	struct ocsp_cert_id cert[OCSP_CERTS_MAX];
	struct gh_der nonce; /* octets of the nonce; empty = none */
};

/*
 * GH_E_BAD_REQUEST: to be answered with malformedRequest. That is everything that is not DER of the
 * right form, too long or asks about too many; a serial number of more than OCSP_SERIAL_READ_MAX
 * octets; a nonce of 0 or more than OCSP_NONCE_MAX octets (RFC 9654, 2.1), a critical extension
 * that is unknown. A signature is skipped: everybody may ask (RFC 6960, 4.1.2).
 */
int ocsp_request_parse(const unsigned char *p, size_t len, struct ocsp_request *out,
    struct gh_error *err) GH_MUSTCHECK;
/* One CertID with its header, and nothing behind it. */
bool ocsp_cert_id_parse(const unsigned char *p, size_t len, struct ocsp_cert_id *out);

#endif
