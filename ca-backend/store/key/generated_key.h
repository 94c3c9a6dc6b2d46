/* Keys that the KRA made, and what is kept so that a call can be repeated. docs/kra.md */
#ifndef STORE_GENERATED_KEY_H
#define STORE_GENERATED_KEY_H

#include "archived_key.h"

struct store_generation {
	const struct store_archived_key *key; /* stored: empty where it is not archived */
	struct signer_blob kept;              /* the other stored form; empty = none */
	int64_t forget_at;                    /* of kept, UTC seconds */
	/* Of the call; content NULL: the mark is nobody's choice, and no call has it again. */
	const unsigned char *mark, *content;
	const char *comment;    /* or NULL */
	const char *detail;     /* for the audit row; ends with what its number is put behind */
	const char *request_id; /* of the HTTP request, or NULL */
};
/*
 * Key request (complete), archived key, what is kept, and an audit row "key.generated": one
 * statement. *request: its id; 0 with rc 0: the mark is there already, by another call or by this
 * one, whose answer was lost. GH_E_CONFLICT (public): an active key of this owner has this client
 * id.
 */
int store_add_generation(struct store *s, const struct requester *who,
    const struct store_generation *g, int64_t *request, struct gh_error *err) GH_MUSTCHECK;

/* What is kept under a mark of n bytes, not yet to be forgotten, and not made inactive: kind,
 * algorithm, bits, bound_owner, client_id, policy, spki, stored, forget_at. *out to be cleared.
 * GH_E_NOT_FOUND. */
int store_get_kept_key(struct store *s, const unsigned char *mark, size_t n,
    struct store_archived_key *out, struct gh_error *err) GH_MUSTCHECK;
/* Remove what is to be forgotten. *n: how many. */
int store_forget_kept_keys(struct store *s, int64_t *n, struct gh_error *err) GH_MUSTCHECK;

#endif
