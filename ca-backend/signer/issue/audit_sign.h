/*
 * The key under the audit trail: Ed25519, made of the system key, so that it needs no place to be
 * kept and is the same in every signer of the installation. It signs heads of the trail and
 * nothing else.
 */
#ifndef SIGNER_AUDIT_SIGN_H
#define SIGNER_AUDIT_SIGN_H

#include <openssl/evp.h>

#include "signer/protocol/protocol_sign.h"

struct audit_key {
	EVP_PKEY *key;
	unsigned char *spki; /* SubjectPublicKeyInfo, DER */
	size_t spki_len;
	unsigned char id[32]; /* its SHA-256 */
};

/* Only read afterwards. After a failure nothing is to be freed. */
int audit_key_derive(const unsigned char system_key[32], struct audit_key *out,
    struct gh_error *err) GH_MUSTCHECK;
void audit_key_free(struct audit_key *k); /* accepts one that is all zero */

/* Over SIGNER_AUDIT_PREFIX, seal_id big-endian, head. */
int audit_sign(const struct audit_key *k, const unsigned char head[SIGNER_AUDIT_HEAD],
    uint64_t seal_id, unsigned char sig[SIGNER_AUDIT_SIG], struct gh_error *err) GH_MUSTCHECK;

#endif
