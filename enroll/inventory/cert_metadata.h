/*
 * Metadata of certificates after their issue: the one way for all doors (REST, Keyfactor, command).
 * docs/metadata.md
 *
 * Officers may change all. Who asked for a certificate may change the fields of it that owners set
 * (metadata_field.owner_sets). Who sees the certificate (cert_sight.h) reads them.
 */
#ifndef ENROLL_CERT_METADATA_H
#define ENROLL_CERT_METADATA_H

#include "catalog/catalog.h"
#include "requester.h"
#include "store/inventory/cert_metadata_row.h"
#include "store/status/revocation.h"

/* Whose fields count, and where the values are. */
struct cert_metadata_env {
	struct store *store;
	const struct catalog *catalog;
};

struct cert_metadata {
	int64_t id;
	char tag[STORE_METADATA_TAG_SIZE];
	gh_json *values; /* object */
};
void cert_metadata_clear(struct cert_metadata *m);

/* The ETag of it, with quotes; returns out. */
#define CERT_METADATA_ETAG_SIZE (STORE_METADATA_TAG_SIZE + 2)
char *cert_metadata_etag(const struct cert_metadata *m, char out[CERT_METADATA_ETAG_SIZE]);

/* May he read what is private of it? entry: of who, or NULL. GH_E_NOT_FOUND: there is none;
 * GH_E_FORBIDDEN. */
int cert_metadata_may_read(const struct cert_metadata_env *env, const struct requester *who,
    const struct dir_entry *entry, int64_t id, struct gh_error *err) GH_MUSTCHECK;
/* The same, and its values. */
int cert_metadata_read(const struct cert_metadata_env *env, const struct requester *who,
    const struct dir_entry *entry, int64_t id, struct cert_metadata *out,
    struct gh_error *err) GH_MUSTCHECK;

struct cert_metadata_order {
	int64_t id;
	const gh_json *values; /* as metadata_change takes them */
	bool replaces, overwrites;
	const char *if_match;   /* header value, or NULL: what changes meanwhile is merged */
	const char *request_id; /* of the HTTP request, or NULL */
};
/* *out: the values after it, committed. GH_E_NOT_FOUND; GH_E_FORBIDDEN, with an audit row
 * "cert.metadata-refused"; GH_E_METADATA names the field; GH_E_PRECONDITION. */
int cert_metadata_change(const struct cert_metadata_env *env, const struct requester *who,
    const struct cert_metadata_order *o, struct cert_metadata *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
