/*
 * What a sealed record holds: the certificate, the limits and the key of a CA or an OCSP signer, or
 * a key of a KRA.
 * docs/signer-protocol.md has the format; sealed.h encrypts it.
 */
#ifndef SIGNER_RECORD_H
#define SIGNER_RECORD_H

#include "issuer.h"

#define RECORD_MAX (64 * 1024) /* bytes, before sealing */

enum record_kind {
	RECORD_CA = ISSUER_CA,
	RECORD_OCSP = ISSUER_OCSP,
	RECORD_PENDING = 3, /* a CA's key that waits for its certificate */
	RECORD_STORAGE = ISSUER_STORAGE,
	RECORD_TRANSPORT = ISSUER_TRANSPORT
};

/* Where the private key is. */
enum record_protection {
	RECORD_SYSTEM = 0,   /* in the record: under the system key alone */
	RECORD_PASSWORD = 1, /* in the record: also encrypted under a password */
	RECORD_PKCS11 = 2    /* in a token; the record has its URI */
};

struct record {
	enum record_kind kind;
	uint64_t revision; /* of a record of version 1: 0 */
	struct signer_limits limits;
	struct gh_buf cert; /* DER; of a pending CA and of a KRA's key the SubjectPublicKeyInfo */
	enum record_protection protection;
	struct gh_buf key;      /* secret; ca_key.h knows its forms */
	unsigned char hash[32]; /* SHA-256 of the encoding that was read; zero for a new one */
};

/* Of a KRA: it has neither certificate nor limits. */
bool record_is_of_kra(const struct record *r);

/* Limits all zero, no key. To be freed with record_free, also after a failed record_read. */
void record_init(struct record *r, enum record_kind kind);
void record_free(struct record *r);
/* Limits, certificate and kind as in from; revision + 1. The key is to be set by ca_key.h. */
int record_next(struct record *r, const struct record *from, struct gh_error *err) GH_MUSTCHECK;

/* Append the encoding, version 2 (make out secret). */
int record_put(const struct record *r, struct gh_buf *out, struct gh_error *err) GH_MUSTCHECK;
/* Version 1 or 2. Neither certificate nor key is decoded. GH_E_SIGNER: damaged before sealing,
 * or of a later version. */
int record_read(const struct gh_der *in, struct record *r, struct gh_error *err) GH_MUSTCHECK;

/* The issuer of a certificate's record; key NULL: it is locked (issuer.h). GH_E_SIGNER: a pending
 * one, certificate and key do not belong together, certificate of another kind. */
int record_issuer(const struct record *r, EVP_PKEY *key, struct issuer **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
