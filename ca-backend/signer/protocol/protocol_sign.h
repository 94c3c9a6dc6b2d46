/* Messages of the signer about CRLs, OCSP answers and the audit trail. See protocol.h. */
#ifndef SIGNER_PROTOCOL_SIGN_H
#define SIGNER_PROTOCOL_SIGN_H

#include "calendar.h"
#include "protocol.h"

#define SIGNER_CRL_ENTRIES_MAX (1ULL << 30) /* bytes of all entries of a CRL */
/* Seconds that nextUpdate may lie ahead: two years. */
#define SIGNER_CRL_AHEAD_MAX (735 * GH_DAY_SECONDS)
#define SIGNER_CRL_PIECE_MAX (128 * 1024) /* bytes of entries in one question */
#define SIGNER_CRL_EXTENSIONS_MAX (16 * 1024)
/* Ed25519 signs in one go (RFC 8032, 5.1.6): the whole CRL is kept until its end. */
#define SIGNER_CRL_ED25519_MAX (128u * 1024 * 1024)
#define SIGNER_OCSP_BATCH_MAX 100
#define SIGNER_OCSP_RESPONSES_MAX (64 * 1024) /* bytes of the SingleResponses of one answer */
#define SIGNER_OCSP_EXTENSIONS_MAX 1024
#define SIGNER_OCSP_SIGNER_DAYS_MAX 90
#define SIGNER_AUDIT_PREFIX "gatehouse audit head 1\n"
#define SIGNER_AUDIT_HEAD 32
#define SIGNER_AUDIT_SIG 64

struct signer_blob {
	unsigned char *p;
	size_t len;
};

/* CRL_BEGIN: the signer adds version, algorithm, issuer, AKI and the signature. RFC 5280, 5.1. */
struct signer_crl_fields {
	unsigned char ca_id[SIGNER_CA_ID_SIZE];
	int64_t this_update, next_update; /* UTC seconds */
	uint64_t entries_len;             /* bytes of all entries; 0: no revokedCertificates */
	const unsigned char *extensions;  /* content of Extensions: cRLNumber, no AKI */
	size_t extensions_len;
};

/* SIGN_OCSP: the signer adds the responder and the signature. RFC 6960, 4.2.1. */
struct signer_ocsp_fields {
	unsigned char id[SIGNER_CA_ID_SIZE]; /* SHA-256 of the OCSP signer's certificate */
	int64_t produced_at;                 /* UTC seconds */
	const unsigned char *responses;      /* content of SEQUENCE OF SingleResponse */
	size_t responses_len;
	const unsigned char *extensions; /* content of responseExtensions; may be empty */
	size_t extensions_len;
};

struct signer_create_ocsp {
	unsigned char ca_id[SIGNER_CA_ID_SIZE];
	int64_t not_before, not_after; /* UTC seconds */
	const char *key_alg;           /* as in signer_create_ca; "" = the kind of the CA's */
};

/* TOKEN_STATE: of CA keys in a PKCS#11 token. */
struct signer_token_state {
	bool is_configured; /* the signer has a module */
	uint32_t keys;      /* of the CAs that were loaded */
	uint32_t keys_away; /* of these: not usable now, and why, for one of them */
	char text[256];     /* "" when all are there */
};

/* TOKEN_KEY: of the key of one CA. */
#define SIGNER_TOKEN_LABEL_SIZE 97 /* with its NUL: 32 characters (PKCS#11, CK_TOKEN_INFO) */
struct signer_token_key {
	bool is_in_token;
	char label[SIGNER_TOKEN_LABEL_SIZE]; /* UTF-8; "" where the URI of the key names none */
	char text[256];                      /* why it cannot be used now; "": it can */
};

/* Payloads: as in protocol.h. The question of SIGN_OCSP is u32 n, then n times put_ocsp. */
void signer_put_crl_begin(struct gh_buf *b, const struct signer_crl_fields *f);
bool signer_get_crl_begin(struct gh_reader *r, struct signer_crl_fields *f);
void signer_put_ocsp(struct gh_buf *b, const struct signer_ocsp_fields *f);
bool signer_get_ocsp(struct gh_reader *r, struct signer_ocsp_fields *f); /* not the end */
void signer_put_create_ocsp(struct gh_buf *b, const struct signer_create_ocsp *f);
/* key_alg is copied into alg, and f->key_alg points there. */
bool signer_get_create_ocsp(struct gh_reader *r, struct signer_create_ocsp *f,
    char alg[SIGNER_KEY_ALG_SIZE]);
void signer_put_audit(struct gh_buf *b, const unsigned char head[SIGNER_AUDIT_HEAD], uint64_t id);
bool signer_get_audit(struct gh_reader *r, const unsigned char **head, uint64_t *id);
void signer_put_token_state(struct gh_buf *b, const struct signer_token_state *f);
bool signer_get_token_state(struct gh_reader *r, struct signer_token_state *f);
void signer_put_token_key(struct gh_buf *b, const struct signer_token_key *f);
bool signer_get_token_key(struct gh_reader *r, struct signer_token_key *f);

#endif
