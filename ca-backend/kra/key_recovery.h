/* A secret goes out: somebody asks, agents agree, the KRA wraps it for him. docs/kra.md */
#ifndef KEY_RECOVERY_H
#define KEY_RECOVERY_H

#include "kra_means.h"
#include "store/key/key_request.h"

struct key_recovery_ask {
	const char *key_id;     /* or NULL, and */
	int64_t certificate_id; /* CMSID: the newest active key of this certificate */
	const char *comment;    /* or NULL */
	/* What to wrap the key in. NULL: it comes with the retrieval. Approvals that are signed
	 * name it. */
	const struct kra_release *release;
	struct store_call call; /* recorded already: that request, as it stands now */
	const char *request_id; /* of the HTTP request, or NULL */
};
/*
 * By an agent, or by the owner of the key. *out: for store_key_request_clear. Its state is
 * KEY_APPROVED at once where one recorded approval is enough and it is the requester's own; else
 * KEY_PENDING. GH_E_NOT_FOUND: no such key, or not one that he may know of; GH_E_VALIDATION
 * (public): texts, a wrapping that is none or is missing; GH_E_CONFLICT (public): the key is not
 * active, or he has asked for kra_rules.open_requests already.
 */
int key_recovery_request(struct kra_means *m, const struct requester *who,
    const struct key_recovery_ask *a, struct store_key_request *out,
    struct gh_error *err) GH_MUSTCHECK;

enum key_verdict { KEY_APPROVE, KEY_REJECT, KEY_CANCEL };
/*
 * Approve and reject: an agent, and not about his own request, unless the policy lets him count.
 * Cancel: who made the request. *out: as it stands then. GH_E_NOT_FOUND; GH_E_FORBIDDEN;
 * GH_E_PRECONDITION: step->version is not the one of now; GH_E_CONFLICT: its state, or he has
 * approved already; GH_E_VALIDATION: a signature is missing, or not wanted.
 */
int key_recovery_decide(struct kra_means *m, const struct requester *who, enum key_verdict verdict,
    const struct store_key_step *step, struct store_key_request *out,
    struct gh_error *err) GH_MUSTCHECK;

struct key_retrieval {
	int64_t id;         /* key request */
	const char *key_id; /* that it is about; NULL = whichever */
	/* NULL: what the request came with. Where it is PKCS#12 and has no certificate, certificate
	 * and chain are those of the inventory. */
	const struct kra_release *release;
	const char *request_id; /* of the HTTP request, or NULL */
};
struct key_retrieved {
	char key_id[GH_UUID_TEXT_SIZE];
	enum kra_kind kind;
	enum kra_form form;
	struct signer_blob iv, secret; /* iv may be empty */
	bool is_repeated;              /* he has got it before */
};
void key_retrieved_clear(struct key_retrieved *r);
/*
 * To the requester alone, while he is an agent or the key is his, when it is approved; again within
 * kra_rules.repeat seconds. That it was given out is committed before this returns; after a failure
 * nobody has it. GH_E_NOT_FOUND; GH_E_FORBIDDEN; GH_E_CONFLICT (public): its state; GH_E_VALIDATION
 * (public): no wrapping, another one than the request came with, or one that the KRA cannot open;
 * GH_E_SIGNER: the stored secret was altered, which ends the request; and what kra_keys_recover
 * returns.
 */
int key_recovery_retrieve(struct kra_means *m, const struct requester *who,
    const struct key_retrieval *f, struct key_retrieved *out, struct gh_error *err) GH_MUSTCHECK;

#endif
