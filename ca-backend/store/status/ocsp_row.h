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

/* Delegated OCSP signer of a CA. */
struct store_ocsp_signer {
	unsigned char *cert, *sealed; /* malloc'd */
	size_t cert_len, sealed_len;
	int64_t not_before, not_after;
};
void store_ocsp_signer_clear(struct store_ocsp_signer *o);
/* The one that is valid now and ends last, if that is after `until`. Revoked ones do not count.
 * GH_E_NOT_FOUND. */
int store_find_ocsp_signer(struct store *s, int64_t ca_id, int64_t until,
    struct store_ocsp_signer *out, struct gh_error *err) GH_MUSTCHECK;
/*
 * The same, and when there is none, one that make() gives: recorded as certificate, signer and
 * audit row in one transaction, which one node at a time does for a CA (the others wait and find
 * it).
 */
struct store_ocsp_issue {
	const struct ca *ca;
	const struct requester *who;
	int64_t until;
	int (*make)(void *arg, struct store_ocsp_signer *out, struct gh_error *err);
	void *arg;
};
int store_issue_ocsp_signer(struct store *s, const struct store_ocsp_issue *i,
    struct store_ocsp_signer *out, bool *is_new, struct gh_error *err) GH_MUSTCHECK;

/* Remove the keys of signers that ended more than age seconds ago. */
int store_purge_ocsp_signers(struct store *s, int age, struct gh_error *err) GH_MUSTCHECK;

/*
 * Wait until statuses have changed, at most timeout_ms, and name them to changed(). Its own
 * connection: a struct store used for nothing else. *all: it has begun to listen (again), so that
 * any status may have changed.
 */
int store_wait_status(struct store *s, int timeout_ms,
    void (*changed)(void *arg, int64_t ca_id, const unsigned char *serial, size_t len), void *arg,
    bool *all, struct gh_error *err) GH_MUSTCHECK;

#endif
