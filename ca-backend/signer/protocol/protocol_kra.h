/*
 * Messages of a signer whose role is KRA: keys of its own, secrets that are archived, recovered,
 * generated, stored under another key. See protocol.h and docs/signer-protocol.md. Names of
 * algorithms are texts, as clients send them; the KRA knows what they mean.
 */
#ifndef SIGNER_PROTOCOL_KRA_H
#define SIGNER_PROTOCOL_KRA_H

#include "der.h"
#include "protocol.h"

#define KRA_SECRET_ID_SIZE 16             /* a UUID (RFC 9562), in octets */
#define KRA_KEY_ID_SIZE SIGNER_CA_ID_SIZE /* SHA-256 of a storage or transport key's SPKI */
#define KRA_TEXT_MAX 1024                 /* bytes of each text */
#define KRA_SECRET_MAX (16 * 1024)        /* bytes: PKCS#8 of an RSA-16384 key has 9 kB */
#define KRA_OPTIONS_MAX (24 * 1024)       /* bytes of PKIArchiveOptions around it */
#define KRA_STORED_MAX (24 * 1024)        /* bytes of a secret as it is stored */
#define KRA_CHAIN_MAX 10                  /* issuers in a PKCS#12 */
#define KRA_AGENTS_MAX 64                 /* of a policy */
#define KRA_APPROVALS_MAX 16              /* of one recovery */
#define KRA_APPROVAL_MAX (8 * 1024)       /* bytes of a CMS signature */

enum kra_kind {
	KRA_ASYMMETRIC = 1, /* PKCS#8 (RFC 5208), DER */
	KRA_SYMMETRIC = 2,  /* the octets of the key */
	KRA_PASSPHRASE = 3  /* UTF-8 */
};

/* What is bound to a secret. Texts are UTF-8; empty = none. */
struct kra_facts {
	unsigned char id[KRA_SECRET_ID_SIZE];
	enum kra_kind kind;
	struct gh_der owner;     /* whose it is: the id of a directory entry, or a name */
	struct gh_der client_id; /* what the client calls it */
	struct gh_der policy;    /* name of the policy of recovery */
	struct gh_der spki;      /* SubjectPublicKeyInfo, DER; of an asymmetric key */
	int64_t forget_at;       /* UTC seconds; 0 = archived. Else only kept for a repeated call */
};

/* A key that the client chose, wrapped for a transport key, and what is done with it. */
struct kra_wrapping {
	unsigned char transport_id[KRA_KEY_ID_SIZE];
	struct gh_der key_alg;   /* "RSA-OAEP-256", "ECDH-ES+A256KW", "RSA1_5" */
	struct gh_der ephemeral; /* SubjectPublicKeyInfo, DER; of ECDH-ES alone */
	struct gh_der wrapped_key;
	struct gh_der payload_alg; /* "AES-256-GCM", ...: says how long the key is, too */
};

/* KRA_CREATE_KEY: a storage key (inherited socket only) or a transport key. -> SPKI, sealed
 * record. */
struct kra_create_key {
	bool is_storage;
	const char *key_alg;  /* as in signer_create_ca; not Ed25519 */
	const char *key_uri;  /* "pkcs11:..."; NULL or "" = in the record */
	const char *password; /* NULL or "" = none */
};

/* KRA_ARCHIVE: -> the secret as it is stored. It comes in one of two forms. */
struct kra_archive {
	unsigned char storage_id[KRA_KEY_ID_SIZE];
	struct kra_facts facts;
	struct gh_der policy;  /* sealed, of the facts' name; empty: none is sent */
	struct gh_der options; /* PKIArchiveOptions (RFC 4211, 6.4), BER; empty: as follows. Of the
				* wrapping, the transport key's id alone counts then */
	struct kra_wrapping wrapping;
	struct gh_der iv, cipher; /* the secret under the wrapped key */
};

/* In which form a secret leaves. */
enum kra_form {
	KRA_WRAPPED = 1,       /* under the wrapped key */
	KRA_PKCS12 = 2,        /* under a password, which came under the wrapped key */
	KRA_PKCS12_LEGACY = 3, /* the same for old clients: 3DES and SHA-1 */
	KRA_KEY_PACKAGE = 4    /* signed, and encrypted for a key of the client */
};

/* Of KRA_KEY_PACKAGE: who signs it, and for whom it is encrypted. Algorithms as key_package.h says.
 */
struct kra_key_package {
	struct gh_der signer_key;  /* PKCS#8, as it is */
	struct gh_der signer_cert; /* DER, of that key */
	struct gh_der content_alg; /* "AES-256-CBC", ... */
	/* a symmetric key of the client, as it is, and what the client calls it */
	struct gh_der kek, kek_id;
	struct gh_der recipient; /* a certificate of the client, DER; kek is empty then */
	struct gh_der key_alg;   /* for the key of that certificate: "RSA-OAEP-256", ... */
};
struct kra_release {
	enum kra_form form;
	struct kra_wrapping wrapping;
	/* of PKCS#12 */
	bool has_clear_password;    /* nothing is wrapped: only of a secret that is kept */
	struct gh_der iv, password; /* under the wrapped key, or as it is */
	struct gh_der name;         /* friendlyName */
	struct gh_der cert;         /* DER */
	struct gh_der chain[KRA_CHAIN_MAX];
	size_t chain_len;
	uint32_t iterations;
	struct kra_key_package package; /* of KRA_KEY_PACKAGE, which has cert, too */
};

/*
 * KRA_GENERATE: a new secret. Kind and SPKI are for the KRA to say; a time in facts.forget_at says
 * that the secret is also kept until then, so that the call can be repeated. -> struct
 * kra_generated.
 */
struct kra_generate {
	unsigned char storage_id[KRA_KEY_ID_SIZE];
	struct kra_facts facts;
	struct gh_der policy; /* sealed, of the facts' name; empty: none is sent */
	const char *key_alg;  /* as in signer_create_ca, or "AES-128", "AES-192", "AES-256" */
	bool is_archived;
	bool is_released;           /* in the form KRA_WRAPPED */
	struct gh_der subject;      /* Name, DER: with a PKCS#10 for it; empty = without */
	struct gh_der extensions;   /* Extensions, DER, that the PKCS#10 asks for; empty = none */
	struct kra_release release; /* is_released */
};
/* Parts are empty where they were not asked for. */
struct kra_generated {
	enum kra_kind kind;
	struct gh_der spki;     /* DER; of an asymmetric key */
	struct gh_der archived; /* as it is stored, with forget_at 0 */
	struct gh_der kept;     /* the same, with the time of the question */
	struct gh_der csr;      /* PKCS#10, DER, signed by the new key */
	struct gh_der iv, out;  /* as KRA_RECOVER answers */
};

#define KRA_RELEASE_DIGEST_SIZE 32 /* SHA-256 */
/* For whom and how strongly a secret is wrapped, which is what agents approve: over the release as
 * kra_put_release writes it, without certificate and issuers, which only the key itself fits.
 * false: no memory. */
bool kra_release_digest(const struct kra_release *f, unsigned char out[KRA_RELEASE_DIGEST_SIZE]);

/* KRA_RECOVER: -> IV (may be empty), the secret in its form. */
struct kra_recover {
	struct kra_facts facts;
	struct gh_der stored;
	struct kra_release release;
	struct gh_der policy; /* sealed */
	int64_t request_id;
	struct gh_der requester; /* directory id or name */
	int64_t until;           /* UTC seconds: the request is not used after that */
	struct gh_der approval[KRA_APPROVALS_MAX];
	size_t approvals;
};

/*
 * KRA_CHECK_APPROVAL: the same question with one approval and without the stored secret -> id of
 * the agent whose signature it is. KRA_SHOW_POLICY: -> what was sealed, struct kra_policy.
 */
struct kra_show_policy {
	struct gh_der name; /* it must have this name */
	struct gh_der sealed;
};

/* KRA_REWRAP: -> the secret as it is stored, under another storage key. */
struct kra_rewrap {
	unsigned char to_id[KRA_KEY_ID_SIZE];
	struct gh_der stored;
};

/* Who must agree to a recovery. KRA_SEAL_POLICY: -> sealed policy; inherited socket only. */
struct kra_policy {
	struct gh_der name;
	uint64_t revision;     /* each change adds one: older ones are refused once it is known */
	uint8_t required;      /* approvals of distinct agents, 1 to KRA_APPROVALS_MAX */
	bool requester_counts; /* an agent's approval of his own request */
	bool is_signed;        /* approvals are CMS signatures that the KRA verifies; else a worker
				* counts them */
	struct {
		struct gh_der id;   /* directory id or name */
		struct gh_der cert; /* DER; is_signed */
	} agent[KRA_AGENTS_MAX];
	size_t agents;
};

/* Payloads, as in protocol.h: what get_ sets points into the frame. Strings of KRA_CREATE_KEY
 * and the algorithm of KRA_GENERATE are copied into s. */
void kra_put_create_key(struct gh_buf *b, const struct kra_create_key *f);
bool kra_get_create_key(struct gh_reader *r, struct kra_create_key *f, struct signer_strings *s);
void kra_put_archive(struct gh_buf *b, const struct kra_archive *f);
bool kra_get_archive(struct gh_reader *r, struct kra_archive *f);
void kra_put_recover(struct gh_buf *b, const struct kra_recover *f);
bool kra_get_recover(struct gh_reader *r, struct kra_recover *f);
/* Alone: as it is kept until the approvals are there. */
void kra_put_release(struct gh_buf *b, const struct kra_release *f);
bool kra_get_release(struct gh_reader *r, struct kra_release *f);
void kra_put_rewrap(struct gh_buf *b, const struct kra_rewrap *f);
bool kra_get_rewrap(struct gh_reader *r, struct kra_rewrap *f);
void kra_put_generate(struct gh_buf *b, const struct kra_generate *f);
bool kra_get_generate(struct gh_reader *r, struct kra_generate *f, struct signer_strings *s);
void kra_put_generated(struct gh_buf *b, const struct kra_generated *g);
bool kra_get_generated(struct gh_reader *r, struct kra_generated *g);
void kra_put_show_policy(struct gh_buf *b, const struct kra_show_policy *f);
bool kra_get_show_policy(struct gh_reader *r, struct kra_show_policy *f);
/* Also what is sealed. */
void kra_put_policy(struct gh_buf *b, const struct kra_policy *p);
bool kra_get_policy(struct gh_reader *r, struct kra_policy *p);
/* The additional data of a stored secret is these facts, too. */
void kra_put_facts(struct gh_buf *b, const struct kra_facts *f);

#endif
