/*
 * How a content key was wrapped for a transport key in CMS and CRMF: KeyTransRecipientInfo and
 * KeyAgreeRecipientInfo (RFC 5652, 6.2), keyAlg of an EncryptedValue (RFC 4211, 2.1). Not opened
 * with CMS_decrypt, since the key may be in a token and no failure may tell more than another.
 */
#ifndef SIGNER_KRA_RECIPIENT_H
#define SIGNER_KRA_RECIPIENT_H

#include <openssl/evp.h>

#include "der.h"

enum recipient_way {
	RECIPIENT_OAEP = 1, /* RSAES-OAEP with SHA-256 */
	RECIPIENT_V15,      /* RSA PKCS#1 v1.5 */
	RECIPIENT_RSA,      /* not said: OAEP, and where that is no key and v1.5 is allowed, v1.5 */
	RECIPIENT_AGREED /* dhSinglePass-stdDH-sha256kdf-scheme (RFC 5753, 7.1.4), AES key wrap */
};

/* Points into foreign memory. */
struct recipient {
	enum recipient_way way;
	struct gh_der cipher; /* the wrapped key */
	/* of an agreement */
	struct gh_der point;    /* of the sender's ephemeral key */
	struct gh_der ukm;      /* may be empty */
	struct gh_der wrap_alg; /* AlgorithmIdentifier, whole */
	size_t kek_size;        /* bytes */
};

/* From a RecipientInfo, the whole element in DER. GH_E_VALIDATION (public): of another kind, or
 * with algorithms that are not taken. Whom it names is not looked at: the key that it was wrapped
 * for opens it, and no other. */
int recipient_read(const struct gh_der *info, struct recipient *out,
    struct gh_error *err) GH_MUSTCHECK;
/* The way that an AlgorithmIdentifier names for RSA, from its content. The same. */
int recipient_read_rsa(const struct gh_der *algorithm, enum recipient_way *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Unwrap a key of exactly len bytes, as key_unwrap does. allows_v15: for RECIPIENT_RSA. */
int recipient_open(EVP_PKEY *with, const struct recipient *r, bool allows_v15, size_t len,
    unsigned char *out, struct gh_error *err) GH_MUSTCHECK;

#endif
