/*
 * Messages between the signer and those who ask it, on a unix stream socket. A frame is u32 length
 * (of what follows), u8 operation, payload of u32-counted blocks and big-endian integers; the answer is a
 * frame with the same operation on success or SIGNER_OP_ERROR {i32 code, string message}. Strictly one
 * answer to each question, in order. Bad framing ends the connection. Encoders and decoders of both sides
 * stand side by side in protocol.c. See docs/signer-protocol.md.
 */
#ifndef SIGNER_PROTOCOL_H
#define SIGNER_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"

#define SIGNER_FRAME_MAX (256 * 1024)    /* bytes, without the length word */
#define SIGNER_CA_ID_SIZE 32             /* SHA-256 of the CA certificate */
#define SIGNER_EKU_MAX 32

enum signer_op {
	SIGNER_OP_ERROR = 0,
	SIGNER_OP_PING = 1,
	SIGNER_OP_LOAD_CA = 2,       /* sealed CA record -> ca id */
	SIGNER_OP_SIGN_CERT = 3,     /* fields of a certificate -> certificate */
	SIGNER_OP_CREATE_CA = 32,    /* only on an inherited socket (--admin-fd): make key and certificate */
};

/* What a CA may sign, sealed together with its key, so that no worker can widen it. */
struct signer_limits {
	int64_t max_validity;        /* seconds; 0 = up to the CA's own end */
	uint8_t may_sign_ca;         /* 1: may sign CA certificates */
	uint8_t path_len;            /* largest pathLenConstraint it may write in one */
	uint16_t min_rsa_bits;       /* 2048 or more */
	uint8_t allow_rsa, allow_ec, allow_ed25519;
};

/* SIGN_CERT: the signer adds version, serial, issuer, SKI, AKI and the signature. */
struct signer_cert_fields {
	unsigned char ca_id[SIGNER_CA_ID_SIZE];
	int64_t not_before, not_after;           /* UTC seconds */
	const unsigned char *subject; size_t subject_len;       /* Name, DER */
	const unsigned char *spki; size_t spki_len;             /* SubjectPublicKeyInfo, DER */
	const unsigned char *extensions; size_t extensions_len; /* Extensions, DER; may be empty */
};

struct signer_create_ca {
	const char *key_alg;         /* "P-256","P-384","RSA-2048","RSA-3072","RSA-4096","Ed25519" */
	int64_t not_before, not_after;
	const unsigned char *subject; size_t subject_len;       /* Name, DER */
	const unsigned char *parent; size_t parent_len;         /* sealed record; empty = self-signed root */
	const unsigned char *extensions; size_t extensions_len; /* CDP, AIA, policies; may be empty */
	struct signer_limits limits;
};

#endif
