/*
 * A key that the process holds. Of a CA that can sign: the key and everything about it that goes
 * into each certificate, encoded beforehand. Immutable after issuer_new, so that threads sign with
 * one issuer at the same time; reference counted, since it may be replaced in the table while a
 * thread signs with it.
 */
#ifndef SIGNER_ISSUER_H
#define SIGNER_ISSUER_H

#include <stdatomic.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "der.h"
#include "signer/protocol/protocol.h"

#define SIGNER_KEY_ID_SIZE 20 /* RFC 5280, 4.2.1.2 (1): SHA-1 */

/* What a key is for: told by its certificate, or by its record where it has none (of a KRA). A key
 * of one kind does nothing of the other. */
enum issuer_kind {
	ISSUER_CA = 1,       /* signs certificates and CRLs */
	ISSUER_OCSP = 2,     /* signs OCSP answers, RFC 6960, 4.2.2.2 */
	ISSUER_STORAGE = 4,  /* of a KRA: secrets are stored under it. Signs nothing */
	ISSUER_TRANSPORT = 5 /* of a KRA: clients wrap for it. Signs nothing */
};

struct issuer {
	atomic_uint refs;
	enum issuer_kind kind;
	/* SHA-256 of its certificate; of a KRA's key, of its SubjectPublicKeyInfo. Zero for a root
	 * in the making. */
	unsigned char ca_id[SIGNER_CA_ID_SIZE];
	EVP_PKEY *key; /* of a locked issuer the public one alone */
	EVP_MD_CTX
	*sign; /* ready for EVP_DigestSign; copied for each signature. NULL: locked, or */
	bool is_in_token; /* key is the public half of one that token.h signs with */
	struct signer_limits limits;
	int64_t not_after;       /* UTC seconds: no certificate lives longer */
	struct gh_der algorithm; /* AlgorithmIdentifier of its signatures; static */
	const char *md;          /* their digest; NULL for Ed25519, which has none of its own */
	struct gh_buf name;      /* Name, DER */
	struct gh_buf spki;      /* SubjectPublicKeyInfo, DER */
	struct gh_buf aki;       /* Extension authorityKeyIdentifier, DER */
	struct gh_buf cert;      /* DER; empty for a root in the making */
	NAME_CONSTRAINTS *name_constraints; /* of its certificate; NULL = none */
	/* of the record it was made from */
	uint64_t revision;
	bool has_password;
	unsigned char record_hash[32], key_part_hash[32];
	unsigned char key_hash[SIGNER_KEY_ID_SIZE]; /* SHA-1 of the key bits: KeyHash of RFC 6960 */
};

struct issuer_parts {
	enum issuer_kind kind;
	EVP_PKEY *key;  /* an own reference is taken */
	bool is_locked; /* key is the public one */
	struct gh_der name, key_id;
	int64_t not_after;
	struct signer_limits limits;
};

/* GH_E_SIGNER when the kind of key cannot sign certificates here. Starts with one reference. */
int issuer_new(const struct issuer_parts *parts, struct issuer **out,
    struct gh_error *err) GH_MUSTCHECK;
/* From a certificate (DER) and its key; GH_E_SIGNER when they do not belong together. key NULL: a
 * locked issuer, which knows all about the CA and signs nothing. */
int issuer_from_cert(const unsigned char *cert, size_t len, EVP_PKEY *key,
    const struct signer_limits *limits, struct issuer **out, struct gh_error *err) GH_MUSTCHECK;
/* A key of a KRA, from its SubjectPublicKeyInfo (DER). The same. */
int issuer_from_spki(enum issuer_kind kind, const struct gh_der *spki, EVP_PKEY *key,
    struct issuer **out, struct gh_error *err) GH_MUSTCHECK;
static inline bool
issuer_is_locked(const struct issuer *ca)
{
	return ca->sign == NULL && !ca->is_in_token;
}
struct issuer *issuer_ref(struct issuer *ca);
void issuer_unref(struct issuer *ca); /* accepts NULL */

/* What a signer accepts as limits at all; GH_E_SIGNER names the member. */
int issuer_check_limits(const struct signer_limits *l, struct gh_error *err) GH_MUSTCHECK;

/* Both: GH_E_CA_LOCKED when locked, GH_E_CA_UNAVAILABLE when the token with the key is
 * unreachable. */
/* Append the signature over data to sig (BIT STRING with its header). */
int issuer_sign(const struct issuer *ca, const unsigned char *data, size_t len, struct gh_buf *sig,
    struct gh_error *err) GH_MUSTCHECK;

/* The same over a digest (ca->md) that is there already. Not for Ed25519. */
int issuer_sign_digest(const struct issuer *ca, const unsigned char *digest, size_t len,
    struct gh_buf *sig, struct gh_error *err) GH_MUSTCHECK;

/* SHA-1 over the bits of a key, RFC 5280, 4.2.1.2 (1). */
int issuer_key_id(const struct gh_der *key_bits, unsigned char id[SIGNER_KEY_ID_SIZE],
    struct gh_error *err) GH_MUSTCHECK;

#endif
