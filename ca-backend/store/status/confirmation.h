/*
 * Certificates that wait for the confirmation of their client: certificate.confirm_by, written with
 * the certificate. The database's clock decides what is in time. A confirmation is a version of the
 * certificate, so that it and a revocation exclude each other. docs/cmc.md
 */
#ifndef STORE_CONFIRMATION_H
#define STORE_CONFIRMATION_H

#include "revocation.h"

#define STORE_UNCONFIRMED_MAX 100 /* of one page */

/* Must the client of this certificate still confirm it? */
int store_awaits_confirmation(struct store *s, int64_t cert_id, bool *out,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * Write down that the certificate is confirmed, with an audit row "cert.confirmed". cert: as it was
 * read, not revoked. Also 0, and nothing is written, where nothing is to be confirmed: it was
 * before, or need not be. GH_E_CONFLICT (public): too late; GH_E_BUSY: its status was changed at
 * the same moment.
 */
int store_confirm_cert(struct store *s, const struct requester *who, const char *request_id,
    const struct store_cert_status *cert, struct gh_error *err) GH_MUSTCHECK;

struct store_unconfirmed {
	int64_t id;
	int version;
};
/* A page of those whose time is over, the oldest first. Those that are revoked already are
 * forgotten before. */
int store_list_unconfirmed(struct store *s, struct store_unconfirmed out[STORE_UNCONFIRMED_MAX],
    size_t *n, struct gh_error *err) GH_MUSTCHECK;
/* How many there are. */
int store_count_unconfirmed(struct store *s, int64_t *n, struct gh_error *err) GH_MUSTCHECK;

#endif
