/*
 * The secrets of a KRA in the clear: looked at before they are stored, and made here. All of it is
 * for the KRA's process alone.
 */
#ifndef SIGNER_KRA_SECRET_H
#define SIGNER_KRA_SECRET_H

#include <openssl/evp.h>

#include "stored_key.h"

#define SECRET_SYMMETRIC_MIN 8 /* bytes */
#define SECRET_SYMMETRIC_MAX 512
#define SECRET_PASSPHRASE_MAX 1024 /* bytes */
#define SECRET_RSA_MIN 1024        /* bits: keys that are in use for decryption may be old */
#define SECRET_RSA_MAX 16384

/*
 * Is it what it is said to be? An asymmetric key: PKCS#8 in DER and nothing behind it, RSA, EC on a
 * curve of key_alg.h, or Ed25519; it belongs to spki, which is proved by using both halves, and its
 * parts fit each other. Symmetric: SECRET_SYMMETRIC_MIN to MAX bytes. A passphrase: UTF-8
 * without control characters. All refusals are GH_E_VALIDATION with a public text.
 */
int secret_check(enum kra_kind kind, const struct gh_der *secret, const struct gh_der *spki,
    struct gh_error *err) GH_MUSTCHECK;

/* Append PKCS#8 (make it secret) and SubjectPublicKeyInfo of a key. GH_E_NOMEM, GH_E_INTERNAL. */
int secret_key_put(EVP_PKEY *key, struct gh_buf *pkcs8, struct gh_buf *spki,
    struct gh_error *err) GH_MUSTCHECK;

/* A new secret. alg: one of gh_key_is_name, or "AES-128", "AES-192", "AES-256": then spki stays as
 * it is. GH_E_VALIDATION (public): no such algorithm. */
int secret_make(const char *alg, enum kra_kind *kind, struct gh_buf *secret, struct gh_buf *spki,
    struct gh_error *err) GH_MUSTCHECK;

#endif
