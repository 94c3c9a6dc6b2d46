/*
 * Messages between the signer and those who ask it, on a unix stream socket. A frame is u32 length
 * (of what follows), u8 operation, payload of u32-counted blocks and big-endian integers; the
 * answer is a frame with the same operation on success or SIGNER_OP_ERROR {i32 code, string
 * message}. Strictly one answer to each question, in order. Bad framing ends the connection.
 * Encoders and decoders of both sides stand side by side in protocol.c. See
 * docs/signer-protocol.md.
 */
#ifndef SIGNER_PROTOCOL_H
#define SIGNER_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"

#define SIGNER_FRAME_MAX (256 * 1024) /* bytes, without the length word */
#define SIGNER_CA_ID_SIZE 32          /* SHA-256 of the CA certificate */
#define SIGNER_OIDS_MAX 32            /* of one list */
#define SIGNER_OID_MAX 32             /* content octets */
#define SIGNER_KEY_ALG_SIZE 16        /* longest key_alg with its NUL */
#define SIGNER_KEY_URI_SIZE 512       /* longest PKCS#11 URI with its NUL */
#define SIGNER_PASSWORD_SIZE 1025 /* longest password of a CA key with its NUL: 255 characters */
#define SIGNER_MESSAGE_MAX 512    /* bytes of an error's message */
#define SIGNER_PATH_LEN_ANY 255   /* limits.path_len: no pathLenConstraint at all */

enum signer_op {
	SIGNER_OP_ERROR = 0,
	SIGNER_OP_PING = 1,
	SIGNER_OP_LOAD_CA = 2,   /* sealed CA record -> ca id */
	SIGNER_OP_SIGN_CERT = 3, /* fields of a certificate -> certificate */
	/* protocol_keys.h; on any socket */
	SIGNER_OP_SET_PASSWORD = 4,
	SIGNER_OP_UNLOCK = 5,
	SIGNER_OP_LOCK = 6,
	SIGNER_OP_CA_STATE = 7,
	/* protocol_sign.h; on any socket */
	SIGNER_OP_CRL_BEGIN = 16,
	SIGNER_OP_CRL_ENTRIES = 17,
	SIGNER_OP_CRL_END = 18,
	SIGNER_OP_SIGN_OCSP = 19,
	SIGNER_OP_CREATE_OCSP_SIGNER = 20,
	SIGNER_OP_SIGN_AUDIT = 21,
	SIGNER_OP_AUDIT_KEY = 22,
	SIGNER_OP_TOKEN_STATE = 23,
	SIGNER_OP_TOKEN_KEY = 24,
	/* only on an inherited socket (--admin-fd); all but the first in protocol_keys.h */
	SIGNER_OP_CREATE_CA = 32, /* make key and certificate */
	SIGNER_OP_IMPORT_CA = 33,
	SIGNER_OP_CREATE_CSR = 34,
	SIGNER_OP_COMPLETE_CA = 35,
	SIGNER_OP_RENEW_CA = 36,
	SIGNER_OP_SET_LIMITS = 37,
	/* of a KRA; protocol_kra.h. SEAL_POLICY, and CREATE_KEY of a storage key, only on an
	 * inherited socket */
	SIGNER_OP_KRA_CREATE_KEY = 64,
	SIGNER_OP_KRA_ARCHIVE = 65,
	SIGNER_OP_KRA_RECOVER = 66,
	SIGNER_OP_KRA_REWRAP = 67,
	SIGNER_OP_KRA_SEAL_POLICY = 68,
	SIGNER_OP_KRA_GENERATE = 69,
	SIGNER_OP_KRA_SHOW_POLICY = 70,
	SIGNER_OP_KRA_CHECK_APPROVAL = 71
};

/* A list of object identifiers, by their content octets. None: no restriction. */
struct signer_oid {
	uint8_t len;
	unsigned char bytes[SIGNER_OID_MAX];
};
struct signer_oids {
	size_t n;
	struct signer_oid oid[SIGNER_OIDS_MAX];
};

/* What a CA may sign, sealed together with its key, so that no worker can widen it. A certificate
 * beyond it is refused with GH_E_CA_POLICY. */
struct signer_limits {
	int64_t max_validity;  /* seconds; 0 = up to the CA's own end */
	uint8_t may_sign_ca;   /* 1: may sign CA certificates */
	uint8_t path_len;      /* largest pathLenConstraint it may write in one */
	uint16_t min_rsa_bits; /* 2048 or more */
	uint8_t allow_rsa, allow_ec, allow_ed25519;
	/* Extended key usages; when there are any, a certificate must name some and only these. */
	struct signer_oids ekus;
	/* Extensions, beside those that are always allowed: SKI, AKI, keyUsage, basicConstraints,
	 * extKeyUsage, SAN, CDP, AIA, certificatePolicies. */
	struct signer_oids extensions;
};

/* SIGN_CERT: the signer adds version, serial, issuer, SKI, AKI and the signature. */
struct signer_cert_fields {
	unsigned char ca_id[SIGNER_CA_ID_SIZE];
	int64_t not_before, not_after; /* UTC seconds */
	const unsigned char *subject;
	size_t subject_len; /* Name, DER */
	const unsigned char *spki;
	size_t spki_len; /* SubjectPublicKeyInfo, DER */
	const unsigned char *extensions;
	size_t extensions_len; /* Extensions, DER; may be empty */
};

struct signer_create_ca {
	const char *key_alg; /* "P-256","P-384","RSA-2048","RSA-3072","RSA-4096","Ed25519" */
	const char *key_uri; /* "pkcs11:...": the key lies in a token; NULL or "" = in the record */
	const char *parent_password; /* of the parent's key; NULL or "" = it has none */
	int64_t not_before, not_after;
	const unsigned char *subject;
	size_t subject_len; /* Name, DER */
	const unsigned char *parent;
	size_t parent_len; /* sealed record; empty = self-signed root */
	const unsigned char *extensions;
	size_t extensions_len;       /* CDP, AIA, policies; may be empty */
	struct signer_limits limits; /* of the new CA */
};

/*
 * Frames. begin empties the buffer (initialised with signer_frame_init) and writes the head, end
 * completes it: 0, or GH_E_NOMEM when the payload does not fit. append and close are the same for a
 * frame behind others, up to SIGNER_FRAMES_SIZE bytes of these: append says where it begins, and
 * close takes it away again when it fails.
 */
#define SIGNER_FRAME_HEAD 4 /* bytes of the length word */
#define SIGNER_FRAMES_SIZE (64 * 1024)
void signer_frame_init(struct gh_buf *b);
void signer_frame_begin(struct gh_buf *b, enum signer_op op);
int signer_frame_end(struct gh_buf *b, struct gh_error *err) GH_MUSTCHECK;
size_t signer_frame_append(struct gh_buf *b, enum signer_op op);
int signer_frame_close(struct gh_buf *b, size_t at, struct gh_error *err) GH_MUSTCHECK;
/* The length word: bytes that follow. 0 when it is no length of a frame. */
size_t signer_frame_length(const unsigned char head[SIGNER_FRAME_HEAD]);

/* Also used inside the sealed record. */
void signer_put_limits(struct gh_buf *b, const struct signer_limits *l);
void signer_get_limits(struct gh_reader *r, struct signer_limits *l);
/* Those of a sealed record of version 1: without lists. */
void signer_get_limits_1(struct gh_reader *r, struct signer_limits *l);
/* Add "1.3.6.1.5.5.7.3.2". GH_E_VALIDATION (public): no OID, too long, list full. */
int signer_oids_add(struct signer_oids *list, const char *dotted,
    struct gh_error *err) GH_MUSTCHECK;
bool signer_oids_has(const struct signer_oids *list, const void *p, size_t len);

/* Payloads: put_ between begin and end; get_ over what follows the operation, true when all of it
 * was right and nothing is left. Pointers that get_ sets point into the frame. */
void signer_put_block(struct gh_buf *b, const void *p, size_t len);
bool signer_get_block(struct gh_reader *r, const unsigned char **p, size_t *len);
void signer_put_two_blocks(struct gh_buf *b, const void *p1, size_t len1, const void *p2,
    size_t len2);
bool signer_get_two_blocks(struct gh_reader *r, const unsigned char **p1, size_t *len1,
    const unsigned char **p2, size_t *len2);
void signer_put_sign_cert(struct gh_buf *b, const struct signer_cert_fields *f);
bool signer_get_sign_cert(struct gh_reader *r, struct signer_cert_fields *f);
void signer_put_create_ca(struct gh_buf *b, const struct signer_create_ca *f);
/* Strings of a question, copied for their NULs. Wipe after use: OPENSSL_cleanse. */
struct signer_strings {
	char key_alg[SIGNER_KEY_ALG_SIZE], key_uri[SIGNER_KEY_URI_SIZE];
	char password[SIGNER_PASSWORD_SIZE], other_password[SIGNER_PASSWORD_SIZE];
};
/* A string of less than size bytes, NUL included; marks the reader as failed otherwise. */
void signer_get_string(struct gh_reader *r, char *out, size_t size);
/* The strings are copied into s, and the members of f point there. */
bool signer_get_create_ca(struct gh_reader *r, struct signer_create_ca *f,
    struct signer_strings *s);
void signer_put_error(struct gh_buf *b, int code, const char *message);
bool signer_get_error(struct gh_reader *r, int *code, char message[SIGNER_MESSAGE_MAX]);

#endif
