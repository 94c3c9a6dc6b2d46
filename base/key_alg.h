/*
 * The public keys that Gatehouse knows (RFC 3279, 2.3.1; RFC 5480; RFC 8410): what they are called
 * in options, templates, logs and by OpenSSL, and how a SubjectPublicKeyInfo names them.
 */
#ifndef GH_KEY_ALG_H
#define GH_KEY_ALG_H

#include <stdbool.h>

#include <openssl/evp.h>

#include "der.h"

enum gh_curve { GH_P256, GH_P384, GH_P521, GH_CURVES };

/* "P-256": in templates, options and logs, and to OpenSSL. */
const char *gh_curve_name(enum gh_curve curve);
int gh_curve_bits(enum gh_curve curve);
int gh_curve_nid(enum gh_curve curve);
/* By that name, or by the one that OpenSSL gives ("prime256v1"). false: none of them. */
bool gh_curve_find(const char *name, enum gh_curve *out);
/* The named curve of an EC key. */
bool gh_curve_of_key(const EVP_PKEY *key, enum gh_curve *out);

enum gh_key_alg { GH_KEY_RSA, GH_KEY_EC, GH_KEY_ED25519 };

/* From an AlgorithmIdentifier, the whole element, of a SubjectPublicKeyInfo. *curve is set for
 * GH_KEY_EC. false: another algorithm, another curve, or encoded otherwise than in DER. */
bool gh_key_alg_read(const struct gh_der *algorithm, enum gh_key_alg *out, enum gh_curve *curve);

/* Keys that are made. */
#define GH_KEY_NAMES "P-256, P-384, RSA-2048, RSA-3072, RSA-4096 or Ed25519"
bool gh_key_is_name(const char *name);
/* A new key. NULL: no such name (gh_key_is_name), or OpenSSL failed. */
EVP_PKEY *gh_key_make(const char *name);
/* The name of a key that is as strong as this one; NULL: no key is made that is. */
const char *gh_key_name_like(const EVP_PKEY *key);

#endif
