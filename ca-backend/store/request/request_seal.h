/*
 * MACs of requests, under the key of row_seal.h: of a pending one over its id and all that a
 * decision is made on; of an approval over that and who gave it; of an issued one over the
 * certificate, who asked for it and by which label of EST, which a log-in by that certificate
 * relies on.
 */
#ifndef STORE_REQUEST_SEAL_H
#define STORE_REQUEST_SEAL_H

#include "store/grant/row_seal.h"
#include "store/store_private.h"

#include "request_approval.h"

int request_seal_pending(const struct store *s, int64_t id, const struct enroll_request *req,
    unsigned char out[ROW_SEAL_SIZE], struct gh_error *err) GH_MUSTCHECK;
/* Of a request that is pending, over the MAC of that. */
int request_seal_approval(const struct store *s, int64_t id, const struct enroll_request *req,
    const struct store_approval *a, unsigned char out[ROW_SEAL_SIZE],
    struct gh_error *err) GH_MUSTCHECK;
/* der: the certificate. label: NULL or "": it came by none. */
int request_seal_issued(const struct store *s, const struct requester *who, const char *label,
    const struct gh_der *der, unsigned char out[ROW_SEAL_SIZE], struct gh_error *err) GH_MUSTCHECK;

/* Requests that are pending: their ids and MACs as they are now, by ascending id. *n: how many;
 * *fits: as stored, one for each. All malloc'd. */
int request_seal_all(struct store *s, struct row_seal **seals, bool **fits, size_t *n,
    struct gh_error *err) GH_MUSTCHECK;
int request_seal_write(struct store *s, const struct row_seal *seal,
    struct gh_error *err) GH_MUSTCHECK;

#endif
