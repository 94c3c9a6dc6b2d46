/* Secrets that the KRA keeps, as rows: what the KRA gave, and what it is bound to. */
#ifndef STORE_ARCHIVED_KEY_H
#define STORE_ARCHIVED_KEY_H

#include "signer/protocol/protocol_kra.h"
#include "store/store.h"
#include "uuid.h"

#define STORE_KEY_TEXT_SIZE 256 /* client id, policy, algorithm: bytes with the NUL */

/* Whom a secret is bound to, and who an agent is: the id of the directory entry where it is known,
 * else the name. Borrowed from who. */
const char *store_key_identity(const struct requester *who);

struct store_archived_key {
	int64_t row; /* order of lists; 0 = new */
	char id[GH_UUID_TEXT_SIZE];
	enum kra_kind kind;
	char algorithm[STORE_KEY_TEXT_SIZE];   /* "RSA", "P-256", "AES" ...; "" = not known */
	int bits;                              /* 0 = not known */
	struct requester owner;                /* kind, name, dn, id */
	char bound_owner[STORE_KEY_TEXT_SIZE]; /* store_key_identity, when it was archived */
	char client_id[STORE_KEY_TEXT_SIZE];   /* what the client calls it; "" = nothing */
	char policy[STORE_KEY_TEXT_SIZE];      /* of recovery; "" = none */
	struct signer_blob spki;               /* DER; empty = no asymmetric key */
	int64_t certificate_id;                /* CMSID; 0 = none */
	struct signer_blob stored;             /* as the KRA gave it */
	unsigned char storage_id[KRA_KEY_ID_SIZE];
	bool is_active;
	bool is_destroyed; /* by kra.retention_days or kra.inactive_days: stored is empty */
	bool is_pending;   /* the request for its certificate is not decided; not recovered */
	int64_t forget_at; /* UTC seconds; 0 = archived */
	int version;       /* one more with each change of state */
};
void store_archived_key_clear(struct store_archived_key *k);
/* What the KRA is to be told. Points into k. GH_E_DB: id is none. */
int store_archived_key_facts(const struct store_archived_key *k, struct kra_facts *out,
    struct gh_error *err) GH_MUSTCHECK;

/* A call that may come again: STORE_CALL_MARK_SIZE and STORE_CALL_CONTENT_SIZE bytes; both NULL: it
 * may not. */
#define STORE_CALL_MARK_SIZE 16    /* tells one call from another */
#define STORE_CALL_CONTENT_SIZE 32 /* SHA-256 of what was asked */
struct store_call {
	const unsigned char *mark, *content;
};
struct store_call_found {
	int64_t request;
	char key_id[GH_UUID_TEXT_SIZE]; /* "" = it was not archived */
	bool is_same;                   /* content */
};
/* What was recorded of a call, whose request is of this type. GH_E_NOT_FOUND: nothing. */
int store_find_call(struct store *s, const char *type, const struct store_call *call,
    struct store_call_found *out, struct gh_error *err) GH_MUSTCHECK;

/* "archival" or "generation": the request that made it. */
struct store_new_key {
	const struct store_archived_key *key;
	/* Of a key that was made for a request for a certificate: its other stored form, which is
	 * kept under the request's mark for a repeated call; key->stored is empty where the key is
	 * not archived. Empty: none. */
	struct signer_blob kept;
	int64_t kept_until; /* UTC seconds */
	const char *type;
	struct store_call call;
	const char *comment;    /* or NULL */
	const char *request_id; /* of the HTTP request, or NULL */
};
/*
 * The key, its request (complete) and an audit row ("key.archived", "key.generated"): one
 * statement. Repeated after a lost connection it finds its row. *request: id. GH_E_CONFLICT
 * (public): an active key of this owner has this client id, or the call was recorded already.
 */
int store_add_archived_key(struct store *s, const struct requester *who,
    const struct store_new_key *n, int64_t *request, struct gh_error *err) GH_MUSTCHECK;

/* *out: for store_archived_key_clear. GH_E_NOT_FOUND (public). */
int store_get_archived_key(struct store *s, const char *id, struct store_archived_key *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Is there a key with the public key of k, in whatever state, and none of the owner of k? */
int store_is_key_of_another(struct store *s, const struct store_archived_key *k, bool *out,
    struct gh_error *err) GH_MUSTCHECK;
/* The newest active one of a certificate, or of the certificate's public key. */
int store_find_archived_key(struct store *s, int64_t certificate_id, struct store_archived_key *out,
    struct gh_error *err) GH_MUSTCHECK;

/* Of the key with this id, in this version (0 = whatever). *version: the new one.
 * GH_E_PRECONDITION: another version; GH_E_CONFLICT (public): it is in that state already, or the
 * client id is another active key's; GH_E_NOT_FOUND. */
struct store_key_change {
	const char *id;
	bool is_active;
	int version;
	const char *comment;    /* or NULL */
	const char *request_id; /* or NULL */
};
int store_set_key_active(struct store *s, const struct requester *who,
    const struct store_key_change *c, int *version, struct gh_error *err) GH_MUSTCHECK;

#endif
