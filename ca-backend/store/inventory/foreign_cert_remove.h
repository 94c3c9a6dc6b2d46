/* Certificates from elsewhere that are taken out again (docs/inventory.md). */
#ifndef STORE_FOREIGN_CERT_REMOVE_H
#define STORE_FOREIGN_CERT_REMOVE_H

#include "store/store.h"

/*
 * The certificate, its notices, the history of its metadata, and where it was seen; endpoints stay,
 * without a certificate until they are asked again. Its subject goes into the audit row. subject:
 * NULL, or its own for the caller (free). GH_E_NOT_FOUND; GH_E_CONFLICT: one of our CAs has issued
 * it.
 */
int store_remove_foreign(struct store *s, const struct requester *who, int64_t id,
    const char *request_id, char **subject, struct gh_error *err) GH_MUSTCHECK;

#endif
