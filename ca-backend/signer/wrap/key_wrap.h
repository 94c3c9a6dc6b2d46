/*
 * A symmetric key for the holder of a private key: what a client wraps for the KRA's transport key,
 * and the KRA for its storage key.
 *     RSA-OAEP-256    RSA-OAEP with SHA-256 and MGF1 with SHA-256 (RFC 8017, 7.1; RFC 7518, 4.3)
 *     ECDH-ES+A256KW  ephemeral ECDH, Concat KDF with SHA-256, AES-256 key wrap (RFC 7518, 4.6;
 *                     apu and apv are empty)
 *     RSA1_5          RSA PKCS#1 v1.5 (RFC 8017, 7.2), of old clients; only unwrapped
 *     RSA-OAEP-256-RELEASE, ECDH-ES+A256KW-RELEASE: for what comes back from the KRA. The first two
 *                     with their own name as label L of OAEP (RFC 8017, 7.1), as AlgorithmID of the
 *                     KDF: so nobody has the KRA open with them what it gave out.
 */
#ifndef SIGNER_KEY_WRAP_H
#define SIGNER_KEY_WRAP_H

#include <openssl/evp.h>

#include "der.h"

#define KEY_WRAP_KEY_MAX 64     /* bytes of a key that is wrapped */
#define KEY_WRAP_BYTES_MAX 2048 /* of all parts of a wrapped key: RSA-16384 */
#define KEY_WRAP_KEK_SIZE 32

enum key_wrap_alg {
	KEY_WRAP_RSA_OAEP_256 = 1,
	KEY_WRAP_ECDH_ES_A256KW = 2,
	KEY_WRAP_RSA1_5 = 3,
	KEY_WRAP_RSA_OAEP_256_RELEASE = 4,
	KEY_WRAP_ECDH_ES_A256KW_RELEASE = 5
};

/* A wrapped key; points into foreign memory. */
struct wrapped_key {
	enum key_wrap_alg alg;
	struct gh_der ephemeral; /* SubjectPublicKeyInfo, DER; of ECDH-ES alone */
	struct gh_der cipher;
};

/* Names as RFC 7518 has them. NULL: none of the above. false: the same. */
const char *key_wrap_name(enum key_wrap_alg alg);
bool key_wrap_find(const struct gh_der *name, enum key_wrap_alg *out);
/* For what comes back? Where approvals are signed, nothing else will do. */
#define KEY_WRAP_RELEASE_ONLY \
	"Where approvals are signed, the session key is wrapped with RSA-OAEP-256-RELEASE or " \
	"ECDH-ES+A256KW-RELEASE."
bool key_wrap_is_release(enum key_wrap_alg alg);

/* Wrap key (1 to KEY_WRAP_KEY_MAX bytes; for ECDH-ES a multiple of 8, 16 or more) for an RSA or EC
 * key; the algorithm is that of its kind, for what goes in or comes back. Appends the parts of a
 * struct wrapped_key: u8 algorithm, block ephemeral, block cipher. GH_E_SIGNER: a key of another
 * kind; GH_E_INTERNAL, GH_E_NOMEM. */
int key_wrap(EVP_PKEY *to, bool is_release, const struct gh_der *key, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;
/* Read the parts again. false: malformed. */
bool key_wrap_read(struct gh_reader *r, struct wrapped_key *out);

/* The key that wraps another one, from the secret of an agreement: Concat KDF with SHA-256. false:
 * no memory. */
bool key_wrap_derive_kek(enum key_wrap_alg alg, const unsigned char *secret, size_t len,
    unsigned char kek[KEY_WRAP_KEK_SIZE]);

#endif
