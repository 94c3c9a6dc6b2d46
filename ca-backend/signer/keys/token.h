/*
 * CA keys in a PKCS#11 token, through OpenSSL's engine "pkcs11": one module for the process, one
 * login. A key is known by its URI (RFC 7512) and its public half; the token itself is only asked
 * when its key is used, so that a CA can be loaded while its token is unreachable. A session
 * that is lost is opened again. One question at a time: tokens are slow anyway, and not all modules
 * like threads.
 */
#ifndef SIGNER_TOKEN_H
#define SIGNER_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>

#include "der.h"
#include "signer/protocol/protocol_sign.h"

#define TOKEN_PIN_MAX 255

/* At the start, before any thread. module: path of the PKCS#11 module; pin_file: its first line
 * is the PIN, NULL for a token without one. GH_E_CONF: the PIN file is unreadable or open to
 * others. Does not ask the token. */
int token_configure(const char *module, const char *pin_file, struct gh_error *err) GH_MUSTCHECK;
/* Log in, so that what is wrong shows in the log at the start. */
void token_warm_up(void);
void token_stop(void); /* at the end; also when not configured */

/* The key of a URI as EVP_PKEY: its public half, signing through token_sign only. To be freed.
 * The token is asked. GH_E_VALIDATION: the URI is none, or holds a PIN; GH_E_CA_UNAVAILABLE: no
 * token, no such key. */
int token_find_key(const char *uri, EVP_PKEY **out, struct gh_error *err) GH_MUSTCHECK;
/* The same when the public half is known already: it is marked as that of a key in a token. The
 * token is not asked. */
int token_mark_key(EVP_PKEY *public_key, const char *uri, struct gh_error *err) GH_MUSTCHECK;
bool token_has(const EVP_PKEY *key); /* it is one of these */

/* Sign a digest made with md ("SHA256") as ECDSA or RSA PKCS#1 v1.5. *len: room, then length.
 * GH_E_CA_UNAVAILABLE, with a public text, when the token or the key in it is unreachable. */
int token_sign(const EVP_PKEY *key, const char *md, const unsigned char *digest, size_t digest_len,
    unsigned char *sig, size_t *len, struct gh_error *err) GH_MUSTCHECK;

/* What an RSA key makes of cipher, which is as long as its modulus and below it: without a look at
 * any padding. *len: room, then length. out: wipe after use. GH_E_CA_UNAVAILABLE: the same. */
int token_decrypt(const EVP_PKEY *key, const struct gh_der *cipher, unsigned char *out, size_t *len,
    struct gh_error *err) GH_MUSTCHECK;
/* The ECDH secret of an EC key with a peer's public key, which is a valid point of the same curve.
 * The same. */
int token_derive(const EVP_PKEY *key, EVP_PKEY *peer, unsigned char *out, size_t *len,
    struct gh_error *err) GH_MUSTCHECK;

/* Both look for the keys, every few seconds at most. */
void token_get_state(struct signer_token_state *out);
/* Of one; a key that is in none is no more than that. */
void token_get_key(const EVP_PKEY *key, struct signer_token_key *out);
/* The label of the token that a URI names (RFC 7512, 2.3: "token"); "" where it names none, or one
 * that is no text. */
void token_label(const char *uri, char out[SIGNER_TOKEN_LABEL_SIZE]);

#endif
