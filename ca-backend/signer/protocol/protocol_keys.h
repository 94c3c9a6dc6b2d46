/*
 * Messages of the signer about CA keys: their passwords (any socket), and making, importing and
 * renewing CAs (inherited socket only). See protocol.h and docs/signer-protocol.md.
 */
#ifndef SIGNER_PROTOCOL_KEYS_H
#define SIGNER_PROTOCOL_KEYS_H

#include "calendar.h"
#include "protocol.h"

#define SIGNER_UNLOCK_SECONDS_MAX (31 * GH_DAY_SECONDS)

/* SET_PASSWORD: sealed record -> sealed record, revision + 1. "" stands for none. */
struct signer_set_password {
	const unsigned char *sealed;
	size_t sealed_len;
	const char *current, *new_password;
};

/* UNLOCK: also loads the record. Answer: u64 until (UTC seconds). */
struct signer_unlock {
	const unsigned char *sealed;
	size_t sealed_len;
	const char *password;
	uint32_t seconds;
};

struct signer_ca_state {
	bool is_loaded, has_password, is_unlocked;
	int64_t unlocked_until; /* UTC seconds; 0 when not unlocked */
};

/* IMPORT_CA: a key made elsewhere -> sealed record. */
struct signer_import_ca {
	const unsigned char *pkcs8; /* DER, not encrypted; empty when key_uri names the key */
	size_t pkcs8_len;
	const char *key_uri;       /* "pkcs11:..."; NULL or "" = pkcs8 has the key */
	const unsigned char *cert; /* DER; a CA certificate of this key */
	size_t cert_len;
	struct signer_limits limits; /* at most what the certificate itself permits */
};

/* CREATE_CSR: -> PKCS#10 (DER), sealed record of a pending CA. With `sealed` the request is for the
 * key of that CA (renewal by a foreign parent), with its protection; without, for a new key. */
struct signer_create_csr {
	const char *key_alg; /* as in signer_create_ca; NULL or "" with sealed */
	const char *key_uri;
	const unsigned char *sealed; /* may be empty */
	size_t sealed_len;
	const char *password; /* of the key in sealed; NULL or "" = none */
	const unsigned char *subject;
	size_t subject_len; /* Name, DER */
	const unsigned char *extensions;
	size_t extensions_len; /* beside basicConstraints and keyUsage; may be empty */
	struct signer_limits limits;
};

/* RENEW_CA: certificate and sealed record of the renewed CA; same subject. keyUsage and
 * basicConstraints are those of the certificate before. */
struct signer_renew_ca {
	const unsigned char *sealed;
	size_t sealed_len;
	const char
	    *password; /* of the key in sealed; a new key comes under the same. NULL or "" = none */
	const unsigned char *parent; /* sealed record; empty = the CA is a root */
	size_t parent_len;
	const char *parent_password;
	int64_t not_before, not_after;
	const char *key_alg; /* NULL or "" = keep the key, unless key_uri names a new one */
	const char *key_uri; /* a new key in a token */
	const unsigned char *extensions;
	size_t extensions_len; /* CDP, AIA, policies; empty = those of the certificate before */
	/* of a root's new key: CDP and AIA of OldWithNew and NewWithOld, that is those of the new
	 * and of the old key */
	const unsigned char *old_with_new, *new_with_old;
	size_t old_with_new_len, new_with_old_len;
};

/* The answer of LOAD_CA: CA id, u8 1 = its key is locked. */
void signer_put_load_answer(struct gh_buf *b, const unsigned char id[SIGNER_CA_ID_SIZE],
    bool is_locked);
bool signer_get_load_answer(struct gh_reader *r, unsigned char id[SIGNER_CA_ID_SIZE],
    bool *is_locked);

/* Payloads: as in protocol.h. Strings are copied into s: password and current to s->password, new
 * and parent's to s->other_password. */
void signer_put_set_password(struct gh_buf *b, const struct signer_set_password *f);
bool signer_get_set_password(struct gh_reader *r, struct signer_set_password *f,
    struct signer_strings *s);
void signer_put_unlock(struct gh_buf *b, const struct signer_unlock *f);
bool signer_get_unlock(struct gh_reader *r, struct signer_unlock *f, struct signer_strings *s);
void signer_put_ca_state(struct gh_buf *b, const struct signer_ca_state *f);
bool signer_get_ca_state(struct gh_reader *r, struct signer_ca_state *f);
void signer_put_import_ca(struct gh_buf *b, const struct signer_import_ca *f);
bool signer_get_import_ca(struct gh_reader *r, struct signer_import_ca *f,
    struct signer_strings *s);
void signer_put_create_csr(struct gh_buf *b, const struct signer_create_csr *f);
bool signer_get_create_csr(struct gh_reader *r, struct signer_create_csr *f,
    struct signer_strings *s);
void signer_put_renew_ca(struct gh_buf *b, const struct signer_renew_ca *f);
bool signer_get_renew_ca(struct gh_reader *r, struct signer_renew_ca *f, struct signer_strings *s);
/* SET_LIMITS: sealed record, limits */
void signer_put_set_limits(struct gh_buf *b, const unsigned char *sealed, size_t len,
    const struct signer_limits *l);
bool signer_get_set_limits(struct gh_reader *r, const unsigned char **sealed, size_t *len,
    struct signer_limits *l);
/* The CA id: LOCK, CA_STATE */
void signer_put_id(struct gh_buf *b, const unsigned char id[SIGNER_CA_ID_SIZE]);
bool signer_get_id(struct gh_reader *r, unsigned char id[SIGNER_CA_ID_SIZE]);

#endif
