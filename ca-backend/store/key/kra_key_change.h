/* The KRA's own keys come and change: by the administrator, each with its audit row in one
 * transaction. */
#ifndef STORE_KRA_KEY_CHANGE_H
#define STORE_KRA_KEY_CHANGE_H

#include "der.h"
#include "issuing/ca.h"
#include "store/store.h"

struct store_new_kra_key {
	struct gh_der spki;   /* SubjectPublicKeyInfo, DER */
	struct gh_der sealed; /* record for the KRA */
	/* of a transport key */
	const struct ca *ca; /* issuer of its certificate */
	struct gh_der cert;  /* DER: it goes into the inventory, too */
};

/* The first keys ("kra.created"). GH_E_CONFLICT (public): there are keys already. */
int store_create_kra(struct store *s, const struct requester *who,
    const struct store_new_kra_key *storage, const struct store_new_kra_key *transport,
    struct gh_error *err) GH_MUSTCHECK;
/* A new transport key in place of that with this row ("kra.transport-renewed"), which opens from
 * now on what was wrapped for it before. GH_E_CONFLICT (public): that is not the current one any
 * more. */
int store_renew_kra_transport(struct store *s, const struct requester *who, int64_t row,
    const struct store_new_kra_key *transport, struct gh_error *err) GH_MUSTCHECK;

/* A storage key that is used from store_begin_next_storage on ("kra.storage-made"). It takes the
 * place of one that was made before and is not in use yet. */
int store_add_next_storage(struct store *s, const struct requester *who,
    const struct store_new_kra_key *storage, struct gh_error *err) GH_MUSTCHECK;
/* What is archived from now on lies under the key with this row, and the one before is old
 * ("kra.storage-rotated"). GH_E_CONFLICT: it is not the next one any more. */
int store_begin_next_storage(struct store *s, const struct requester *who, int64_t row,
    struct gh_error *err) GH_MUSTCHECK;

/* Another record of the same key. */
struct store_kra_record {
	int64_t row;
	struct gh_der before, after;
};
/* All or none, with the event. GH_E_CONFLICT (public): a record is not as it was before. */
int store_put_kra_records(struct store *s, const struct requester *who, const char *event,
    const struct store_kra_record *r, size_t n, struct gh_error *err) GH_MUSTCHECK;

#endif
