/* What is said about a secret that will be archived: whose it is, and what it is called. */
#ifndef KEY_DESCRIBE_H
#define KEY_DESCRIBE_H

#include "kra_means.h"
#include "store/key/archived_key.h"

/* NULL = nothing; owner NULL = who asks. */
struct key_labels {
	const struct requester *owner;
	const char *client_id, *policy, *algorithm;
};
/* *k: new, active, with an id of its own. Borrows nothing from l. GH_E_VALIDATION (public): a text
 * that is too long or not clean, no such policy. */
int key_describe(struct kra_means *m, const struct requester *who, const struct key_labels *l,
    struct store_archived_key *k, struct gh_error *err) GH_MUSTCHECK;
/* The id of a key that is made for a call which may come again: made of the call's mark, n bytes.
 * As the KRA binds the secret to its id, what is kept for one call opens for no other, whoever
 * writes the rows. GH_E_NOMEM. */
int key_describe_call(const unsigned char *mark, size_t n, char id[GH_UUID_TEXT_SIZE],
    struct gh_error *err) GH_MUSTCHECK;
/* Is it the key of this call? GH_E_SEAL: no. */
int key_describe_check_call(const unsigned char *mark, size_t n, const struct store_archived_key *k,
    struct gh_error *err) GH_MUSTCHECK;
/* Algorithm and bits from a SubjectPublicKeyInfo, DER. GH_E_VALIDATION (public): it is none. */
int key_describe_spki(const struct gh_der *spki, struct store_archived_key *k,
    struct gh_error *err) GH_MUSTCHECK;

#endif
