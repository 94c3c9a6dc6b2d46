/*
 * Digests, HMACs and derived keys. EVP_sha256() and HMAC() look their implementation up anew with
 * each use, under locks that all threads share; here it is looked up once for the process.
 */
#ifndef GH_DIGEST_H
#define GH_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>

#include "error.h"

enum gh_hash { GH_SHA1, GH_SHA256, GH_SHA512, GH_HASHES }; /* from the weakest */

#define GH_DIGEST_MAX 64 /* bytes of the longest one */

/* Lives as long as the process. Without memory, OpenSSL's own constant, which is as good and
 * slower. */
const EVP_MD *gh_digest_md(enum gh_hash hash);
size_t gh_digest_size(enum gh_hash hash);

/* "SHA1", "SHA256", "SHA512": in options, JSON and the database. */
const char *gh_hash_name(enum gh_hash hash);
/* Either case. false: none of them; *out stays. */
bool gh_hash_find(const char *name, enum gh_hash *out);

/* out: gh_digest_size bytes. false: no memory. p may be NULL when n is 0. */
bool gh_digest(enum gh_hash hash, const void *p, size_t n, unsigned char *out);
/* RFC 2104. The same. */
bool gh_hmac(enum gh_hash hash, const void *key, size_t key_len, const void *p, size_t n,
    unsigned char *out);

#define GH_KEY_SIZE 32 /* bytes of a secret that keys are derived from, and of each such key */

/* HKDF-SHA256 (RFC 5869) without salt. label: what the key is for; a value made under one key is
 * worthless under another. out: wipe after use. GH_E_INTERNAL. */
int gh_derive_key(const unsigned char secret[GH_KEY_SIZE], const char *label,
    unsigned char out[GH_KEY_SIZE], struct gh_error *err) GH_MUSTCHECK;

#endif
