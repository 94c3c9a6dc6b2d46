/*
 * Rows of CAs, one for each CA key, through their life. Each change is one transaction with its
 * audit row.
 *
 * Who changes a CA has read it first: `read` is what he saw. If the row has another key record,
 * name, policy or URLs by now, somebody else was faster: GH_E_CONFLICT, and nothing is written.
 * Errors of all: GH_E_NOT_FOUND, GH_E_CONFLICT (public message), GH_E_BUSY; GH_E_DB_DOWN after the
 * commit was sent says that the outcome is unknown.
 */
#ifndef STORE_CA_ROW_H
#define STORE_CA_ROW_H

#include "store/store.h"

/* The row as store_load_catalog has it, in any state, and further "csr" (base64 or null),
 * "created_at", "not_before", "not_after", "certificates"
 * [{"kind","not_after","created_at","der"}], and what a renewal with a new key would take:
 * "spare_name" (of the old key), "spare_slug" (of the new one). ca: name, or decimal id. */
int store_ca_get(struct store *s, const char *ca, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

/* parent: the CA that signed it, which must be active still; its certificate then gets a row of
 * `certificate`, so that it can be revoked. NULL: a root, or signed elsewhere. event: "ca.created",
 * "ca.imported". *id: new row. GH_E_CONFLICT: name taken. */
struct store_new_ca {
	const struct ca *ca; /* slug NULL: the name */
	const struct ca *parent;
	const char *event;
};
int store_create_ca(struct store *s, const struct requester *who, const struct store_new_ca *n,
    int64_t *id, struct gh_error *err) GH_MUSTCHECK;

/* A key that waits for its certificate. ca: without chain; state pending. csr: PKCS#10, DER. */
int store_create_pending_ca(struct store *s, const struct requester *who, const struct ca *ca,
    const char *subject, const unsigned char *csr, size_t csr_len, int64_t *id,
    struct gh_error *err) GH_MUSTCHECK;
/* done: chain and sealed of the CA that `read` becomes. parent as above. */
int store_complete_ca(struct store *s, const struct requester *who, const struct ca *read,
    const struct ca *done, const struct ca *parent, struct gh_error *err) GH_MUSTCHECK;

struct store_ca_renewal {
	const struct ca *read;
	const struct ca *parent;  /* as above */
	const struct ca *renewed; /* chain and sealed; with a new key all of the new row */
	struct signer_blob old_with_new, new_with_old; /* of a root's new key; may be empty */
	const char *old_name; /* new key: what the old row is called from now on */
};
/* A new certificate for the same key: the old one stays as 'earlier'. The chains of the CAs below
 * follow. */
int store_renew_ca_certificate(struct store *s, const struct requester *who,
    const struct store_ca_renewal *r, struct gh_error *err) GH_MUSTCHECK;
/* A new key: a new row takes over the name, the old one becomes superseded; a password goes
 * along. */
int store_renew_ca_key(struct store *s, const struct requester *who,
    const struct store_ca_renewal *r, int64_t *id, struct gh_error *err) GH_MUSTCHECK;

/* active <-> disabled; anything -> retired, which is final: the key, its password and its OCSP
 * signers are gone. */
int store_set_ca_state(struct store *s, const struct requester *who, const char *ca,
    enum ca_state state, struct gh_error *err) GH_MUSTCHECK;
/* Policy, URLs, shards and the record with the limits, all of `wanted`. detail: what changed, for
 * the audit row. */
int store_set_ca(struct store *s, const struct requester *who, const struct ca *read,
    const struct ca *wanted, const char *detail, struct gh_error *err) GH_MUSTCHECK;

/* The audit row of a request that was made for the key of a CA that has a certificate. */
int store_ca_csr_made(struct store *s, const struct requester *who, const struct ca *ca,
    struct gh_error *err) GH_MUSTCHECK;

#endif
