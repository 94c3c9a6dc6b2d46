/* What the files of store/key/ share. */
#ifndef STORE_ARCHIVED_KEY_PRIVATE_H
#define STORE_ARCHIVED_KEY_PRIVATE_H

#include "archived_key.h"
#include "store/store_private.h"

#define STORE_EPOCH(t) "floor(extract(epoch FROM " t "))::bigint"

/* Of archived_key k, for store_fill_archived_key, which reads them from column 0. */
#define STORE_KEY_COLUMNS \
	"k.id, k.uuid, k.kind, k.algorithm, k.bits, k.owner, k.owner_name, k.owner_dn, k.owner_id, " \
	"k.owner_kind, k.client_id, k.policy, k.spki, k.certificate_id, k.stored, k.storage_key, k.state, " STORE_EPOCH( \
	    "k.forget_at") ", k.version"
#define STORE_KEY_COLUMNS_N 19
/* k is empty after a failure. */
int store_fill_archived_key(const PGresult *res, struct store_archived_key *k,
    struct gh_error *err) GH_MUSTCHECK;

/* Why k was not added, after GH_E_CONFLICT: what to tell the caller, or GH_E_CONFLICT (private). */
int store_explain_key_conflict(const struct store *s, const struct store_archived_key *k,
    struct gh_error *err);

void store_put_id(struct store_params *p, int64_t id); /* 0 = null */
/* Four parameters: name, dn, id, kind */
void store_put_who(struct store_params *p, const struct requester *who);

/* Thirteen: uuid, kind, algorithm, bits, owner and who he is, client id, policy, SPKI, its SHA-256,
 * which is put into spki_sha256 and borrowed from there. */
void store_put_key_labels(struct store_params *p, const struct store_archived_key *k,
    unsigned char spki_sha256[32]);

#define STORE_MARK_SIZE 16
/* A statement that makes a row of key_request with a mark and returns its id. When the answer was
 * lost with the connection it is sent again, and finds by the mark what it has written. Releases
 * p. GH_E_CONFLICT: a unique violation, with s->constraint. */
int store_run_marked(struct store *s, const struct store_statement *st, struct store_params *p,
    const unsigned char mark[STORE_MARK_SIZE], int64_t *id, struct gh_error *err) GH_MUSTCHECK;

#endif
