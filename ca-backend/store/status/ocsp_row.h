/* What the OCSP responder asks the database: status of certificates, its signers, and what has
 * changed. */
#ifndef STORE_OCSP_H
#define STORE_OCSP_H

#include "formats/ocsp_response.h"
#include "store/store.h"

#define STORE_STATUS_MAX 100 /* questions in one statement */

struct store_status_query {
	int64_t ca_id;               /* row */
	const unsigned char *serial; /* magnitude, without leading zeros */
	size_t serial_len;
};
/* Status of n certificates (1 to STORE_STATUS_MAX) in one statement. OCSP_UNKNOWN: no such
 * certificate, or its row has been removed by retention. */
int store_cert_status(struct store *s, const struct store_status_query *q, size_t n,
    struct ocsp_status *out, struct gh_error *err) GH_MUSTCHECK;

/*
 * Wait until statuses have changed, at most timeout_ms, and name them to changed(). Its own
 * connection: a struct store used for nothing else. *all: it has begun to listen (again), so that
 * any status may have changed.
 */
int store_wait_status(struct store *s, int timeout_ms,
    void (*changed)(void *arg, int64_t ca_id, const unsigned char *serial, size_t len), void *arg,
    bool *all, struct gh_error *err) GH_MUSTCHECK;

#endif
