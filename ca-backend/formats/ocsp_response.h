/*
 * The parts of an OCSPResponse (RFC 6960, 4.2.1; profile of RFC 5019, 2.2) that the gateway says;
 * the signer puts responder, time and signature around them.
 */
#ifndef CA_OCSP_RESPONSE_H
#define CA_OCSP_RESPONSE_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "der.h"

/* Bytes that ocsp_put_single appends at most beside the CertID. */
#define OCSP_SINGLE_MAX 160

enum ocsp_cert_status { OCSP_GOOD, OCSP_REVOKED, OCSP_UNKNOWN };

struct ocsp_status {
	enum ocsp_cert_status status;
	int64_t revoked_at; /* UTC seconds; of a revoked one */
	int reason;         /* CRLReason; 0 is left out */
};

/* One SingleResponse. cert_id: with its header. archive_cutoff: UTC seconds; 0 = no such
 * extension. */
void ocsp_put_single(struct gh_buf *b, const struct gh_der *cert_id,
    const struct ocsp_status *status, int64_t this_update, int64_t next_update,
    int64_t archive_cutoff);
/* The nonce as one Extension (RFC 9654, 2.1). */
void ocsp_put_nonce(struct gh_buf *b, const struct gh_der *nonce);

/* OCSPResponseStatus of answers without content. */
enum ocsp_error {
	OCSP_MALFORMED = 1,
	OCSP_INTERNAL = 2,
	OCSP_TRY_LATER = 3,
	OCSP_UNAUTHORIZED = 6
};
#define OCSP_ERROR_SIZE 5
/* The complete OCSPResponse; static. */
const unsigned char *ocsp_error_der(enum ocsp_error e);

#endif
