/* A key is made by the KRA: archived, given out to who asks, or both. docs/kra.md */
#ifndef KEY_GENERATE_H
#define KEY_GENERATE_H

#include "kra_means.h"
#include "store/key/generated_key.h"

#include "key_describe.h"

struct key_generate_ask {
	struct key_labels labels; /* but for the algorithm */
	const char *key_alg;      /* of gh_key_is_name, or "AES-128", "AES-192", "AES-256" */
	bool is_archived;
	/* What to wrap the key in, in the form KRA_WRAPPED; transport_id all zero: the one that is
	 * used now. NULL: it is not given out. */
	const struct kra_release *release;
	const char *comment; /* or NULL */
	const char *about;   /* for the audit row: "token 4090..."; or NULL */
	/* Of a call that may come again: STORE_CALL_MARK_SIZE and STORE_CALL_CONTENT_SIZE bytes;
	 * NULL: it may not. */
	const unsigned char *mark, *content;
	const char *request_id; /* of the HTTP request, or NULL */
};
struct key_generated {
	int64_t request;
	char key_id[GH_UUID_TEXT_SIZE]; /* "" = not archived */
	enum kra_kind kind;
	char algorithm[STORE_KEY_TEXT_SIZE];
	int bits;
	struct signer_blob spki;       /* DER; of an asymmetric key */
	struct signer_blob iv, secret; /* empty where it is not given out */
	bool is_repeated;              /* made by an earlier call under this mark */
};
void key_generated_clear(struct key_generated *g);

/*
 * Anybody for himself, agents for others. After 0 key request, archived key and audit row are
 * committed; after a failure nobody has the key. Under a mark that is known already nothing is
 * made: within kra_rules.repeat seconds the same key is given out again, with an audit row.
 * GH_E_VALIDATION (public): texts, no such policy or kind of key, a key that nobody would have, a
 * wrapping that the KRA cannot open; GH_E_FORBIDDEN; GH_E_CONFLICT (public): the client id is that
 * of another active key, the mark was used for another content, or the key is not kept any more;
 * GH_E_BUSY (public): too many RSA keys are being made; GH_E_CA_LOCKED, GH_E_CA_UNAVAILABLE,
 * GH_E_SIGNER_DOWN: the KRA. What is refused leaves an audit row "key.generate-refused".
 */
int key_generate(struct kra_means *m, const struct requester *who, const struct key_generate_ask *a,
    struct key_generated *out, struct gh_error *err) GH_MUSTCHECK;

#endif
