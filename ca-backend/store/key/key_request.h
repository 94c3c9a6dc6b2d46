/*
 * Requests for the recovery of a key, and who agreed to them. Each transition (key_transition.h) is
 * one statement with its audit row; what has expired counts as that from the moment on, whether or
 * not somebody has written it down.
 */
#ifndef STORE_KEY_REQUEST_H
#define STORE_KEY_REQUEST_H

#include "archived_key.h"
#include "key_transition.h"
#include "store/grant/row_seal.h"

/* As it stands now; times are UTC seconds, 0 = none. */
struct store_key_request {
	int64_t id;
	enum key_state state;
	struct requester requester; /* kind, name, dn, id */
	int required, approvals;    /* of distinct agents */
	bool requester_counts, is_signed;
	struct signer_blob wrapping; /* as it was asked with; empty = comes with the retrieval */
	int64_t certificate_id;      /* for a PKCS#12: asked for, or the key's; 0 = none */
	int64_t asked_certificate_id;
	int64_t expires_at, released_at;
	int version;                      /* one more with each change */
	bool is_sealed;                   /* of a recovery: it is as it was recorded (key_seal.h) */
	unsigned char mac[ROW_SEAL_SIZE]; /* is_sealed */
	struct store_archived_key key;    /* empty: it was made, and not archived */
};
void store_key_request_clear(struct store_key_request *r);
/* Of any type. *out: to be cleared. GH_E_NOT_FOUND (public). Where the store has no gateway secret
 * nothing is sealed. */
int store_get_key_request(struct store *s, int64_t id, struct store_key_request *out,
    struct gh_error *err) GH_MUSTCHECK;

struct store_new_key_request {
	const struct store_archived_key *key;
	const char *comment; /* or NULL */
	int required;
	bool requester_counts, is_signed;
	bool is_approved; /* by the requester himself, whose approval is enough */
	struct gh_der wrapping;
	const unsigned char
	    *wrapping_sha256;   /* KRA_RELEASE_DIGEST_SIZE bytes; NULL = no wrapping */
	int64_t certificate_id; /* 0 = none */
	int expiry;             /* seconds */
	int open_max;           /* of requests for recovery that this requester has open; 0 = any */
	struct store_call call;
	const char *request_id; /* of the HTTP request, or NULL */
};
/* *id. GH_E_CONFLICT (public): the key is not active any more, too many requests are open, or the
 * call was recorded already. */
int store_add_key_request(struct store *s, const struct requester *who,
    const struct store_new_key_request *n, int64_t *id, struct gh_error *err) GH_MUSTCHECK;

/* A step of a request. who: agent or requester; that he may is the caller's to know. */
struct store_key_step {
	int64_t id;
	int version;             /* of the state that the decision was made on; 0 = whatever */
	const char *comment;     /* or NULL */
	struct gh_der signature; /* CMS, of an approval; or empty */
	const char *request_id;  /* of the HTTP request, or NULL */
};
/*
 * All of these: GH_E_NOT_FOUND; GH_E_PRECONDITION: another version; GH_E_CONFLICT (public): the
 * state does not allow it. Repeated after a lost connection, they find what they have written.
 */
/* r: the request, sealed. The last approval that is needed makes it approved. GH_E_CONFLICT, too:
 * he has approved already. */
int store_approve_key_request(struct store *s, const struct requester *who,
    const struct store_key_request *r, const struct store_key_step *step,
    struct gh_error *err) GH_MUSTCHECK;
/* to: KEY_REJECTED, KEY_CANCELED or KEY_FAILED. */
int store_end_key_request(struct store *s, const struct requester *who, enum key_state to,
    const struct store_key_step *step, struct gh_error *err) GH_MUSTCHECK;
/* The key goes to the requester: the first time within the life of an approved request, then again
 * for repeat seconds. *is_repeated tells. The key must be active. */
int store_release_key(struct store *s, const struct requester *who,
    const struct store_key_step *step, int repeat, bool *is_repeated,
    struct gh_error *err) GH_MUSTCHECK;
/* Write down what has expired, at most 1000. *n: how many. */
int store_expire_key_requests(struct store *s, const struct requester *who, int *n,
    struct gh_error *err) GH_MUSTCHECK;

/* How many it would be. */
int store_count_expired_key_requests(struct store *s, int64_t *n,
    struct gh_error *err) GH_MUSTCHECK;

/* Who has agreed. */
struct store_key_approvals {
	size_t n;
	struct signer_blob signature[KRA_APPROVALS_MAX]; /* CMS; empty where it is recorded alone */
};
void store_key_approvals_clear(struct store_key_approvals *a);
/* r: the request. GH_E_SEAL (public): request or approvals are not as they were recorded. */
int store_get_key_approvals(struct store *s, const struct store_key_request *r,
    struct store_key_approvals *out, struct gh_error *err) GH_MUSTCHECK;
/* That alone of it which is known without the approvals. */
int store_check_key_request(const struct store_key_request *r, struct gh_error *err) GH_MUSTCHECK;

#endif
