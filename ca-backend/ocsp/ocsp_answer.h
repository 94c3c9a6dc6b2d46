/* An OCSP answer as it is kept and sent again (RFC 6960, 4.2.1; RFC 5019). */
#ifndef OCSP_OCSP_ANSWER_H
#define OCSP_OCSP_ANSWER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/ocsp_response.h"

/* Immutable once made; shared by reference count. */
struct ocsp_answer {
	atomic_uint refs;
	int64_t ca_id; /* row */
	struct ocsp_status status;
	int64_t this_update, next_update; /* UTC seconds */
	unsigned char
	    *der; /* OCSPResponse; NULL: only the status is known, for answers with a nonce */
	size_t len;
	char etag[43]; /* quoted, hex of the SHA-1 */
	char *head;    /* what the front door sends before it; may be NULL */
	size_t head_len;
};
/* Takes over der (malloc'd or NULL), also when it fails; one reference. NULL: out of memory. */
struct ocsp_answer *ocsp_answer_new(int64_t ca_id, const struct ocsp_status *status,
    int64_t this_update, int64_t next_update, unsigned char *der, size_t len);
struct ocsp_answer *ocsp_answer_ref(struct ocsp_answer *a);
void ocsp_answer_unref(struct ocsp_answer *a); /* accepts NULL */

#endif
