/* The KRA's own keys, sealed, and policies of recovery, as rows. */
#ifndef STORE_KRA_KEY_H
#define STORE_KRA_KEY_H

#include "signer/protocol/protocol_kra.h"
#include "store/store.h"

enum store_kra_kind { STORE_KRA_STORAGE, STORE_KRA_TRANSPORT };

struct store_kra_key {
	int64_t row;
	enum store_kra_kind kind;
	unsigned char id[KRA_KEY_ID_SIZE]; /* SHA-256 of spki */
	struct signer_blob spki, sealed;
	struct signer_blob cert; /* DER, of a transport key; else empty */
	int64_t certificate_id;  /* CMSID of it; 0 = none */
	int64_t not_after;       /* of it, UTC seconds; 0 = none */
	char state[16];          /* "next", "current", "old" */
};
void store_kra_key_clear(struct store_kra_key *k);

/* The one that is used now. GH_E_NOT_FOUND: none. *out to be cleared. */
int store_get_kra_key(struct store *s, enum store_kra_kind kind, struct store_kra_key *out,
    struct gh_error *err) GH_MUSTCHECK;
/* The one with this id, unless it is retired. The same. */
int store_find_kra_key(struct store *s, const unsigned char id[KRA_KEY_ID_SIZE],
    struct store_kra_key *out, struct gh_error *err) GH_MUSTCHECK;
/* Call fn with each one that is not retired. Its failure ends that and is returned. */
int store_each_kra_key(struct store *s,
    int (*fn)(void *arg, const struct store_kra_key *k, struct gh_error *err), void *arg,
    struct gh_error *err) GH_MUSTCHECK;

struct store_kra_policy {
	uint64_t revision;
	struct signer_blob sealed;
	/* {"required":2,"requester_counts":false,"signed":false,"agents":[{"id","name"}]} */
	gh_json *body;
};
void store_kra_policy_clear(struct store_kra_policy *p);
/* GH_E_NOT_FOUND (public). */
int store_get_kra_policy(struct store *s, const char *name, struct store_kra_policy *out,
    struct gh_error *err) GH_MUSTCHECK;
/* A new one, or a newer revision of one. An audit row, "kra.policy-set". GH_E_CONFLICT (public):
 * there is this revision or a newer one. */
int store_set_kra_policy(struct store *s, const struct requester *who, const char *name,
    const struct store_kra_policy *p, struct gh_error *err) GH_MUSTCHECK;

#endif
