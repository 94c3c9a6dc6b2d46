/* A secret comes in: the KRA opens it, looks at it and stores it; then it is a row. */
#ifndef KEY_ARCHIVE_H
#define KEY_ARCHIVE_H

#include "kra_means.h"
#include "store/key/archived_key.h"

struct key_archive_ask {
	enum kra_kind kind;
	const char *algorithm; /* of a symmetric key ("AES"); NULL = not said. Of an asymmetric key
				* it is read from spki, as bits are */
	int bits;              /* 0 = not said */
	const struct requester *owner; /* NULL = who asks */
	const char *client_id;         /* what the client calls it; NULL = nothing */
	const char *policy;            /* of recovery; NULL = kra_rules */
	struct gh_der spki; /* SubjectPublicKeyInfo, DER, of an asymmetric key; empty: that of */
	int64_t certificate_id;       /* CMSID; 0 = none */
	struct kra_wrapping wrapping; /* transport_id all zero: the one that is used now */
	struct gh_der iv, cipher;     /* the secret under the wrapped key */
	struct gh_der options;  /* PKIArchiveOptions (RFC 4211, 6.4) of a private key; empty: as
				 * above.  Of wrapping, transport_id alone counts then */
	const char *comment;    /* or NULL */
	struct store_call call; /* recorded already: the same answer, and nothing is archived */
	const char *request_id; /* of the HTTP request, or NULL */
};

/*
 * Anybody for himself, agents for others. After 0 key, key request (complete) and audit row are
 * committed; after a failure there is nothing. id: of the key; *request: of the key request.
 * GH_E_VALIDATION (public): the secret cannot be opened or is not what it is said to be, texts, no
 * such policy; GH_E_CONFLICT (public): an active key of this owner has this client id, or who is no
 * agent archives what is kept for somebody else; GH_E_FORBIDDEN; GH_E_NOT_FOUND: no such
 * certificate; GH_E_CA_LOCKED, GH_E_CA_UNAVAILABLE, GH_E_SIGNER_DOWN: the KRA. What is refused
 * leaves an audit row "key.archive-refused".
 */
int key_archive(struct kra_means *m, const struct requester *who, const struct key_archive_ask *a,
    char id[GH_UUID_TEXT_SIZE], int64_t *request, struct gh_error *err) GH_MUSTCHECK;

/*
 * The key of a certificate that is still to be signed: opened and sealed by the KRA for whoever
 * asks, and not a row yet; store_record_batch makes it one. a has spki, and neither owner nor
 * certificate. *k: spki is that of a, stored malloc'd, also after a failure. Errors and audit row
 * of a refusal are those of key_archive; what is kept for somebody else is refused to agents, too.
 */
int key_archive_seal(struct kra_means *m, const struct requester *who,
    const struct key_archive_ask *a, struct store_archived_key *k,
    struct gh_error *err) GH_MUSTCHECK;

/* Active or not: an inactive key is not recovered, and leaves its client id to another one.
 * Agents only. store_set_key_active says the rest. */
int key_archive_set_active(struct kra_means *m, const struct requester *who,
    const struct store_key_change *c, int *version, struct gh_error *err) GH_MUSTCHECK;

#endif
