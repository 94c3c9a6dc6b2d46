/*
 * Digests and HMACs. EVP_sha256() and HMAC() look their implementation up anew with each use, under locks
 * that all threads share; here it is looked up once for the process.
 */
#ifndef GH_DIGEST_H
#define GH_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>

enum gh_hash { GH_SHA1, GH_SHA256, GH_SHA512 };

#define GH_DIGEST_MAX 64                 /* bytes of the longest one */

/* Lives as long as the process. Without memory, OpenSSL's own constant, which is as good and slower. */
const EVP_MD *gh_digest_md(enum gh_hash hash);
size_t gh_digest_size(enum gh_hash hash);

/* out: gh_digest_size bytes. false: no memory. p may be NULL when n is 0. */
bool gh_digest(enum gh_hash hash, const void *p, size_t n, unsigned char *out);
/* RFC 2104. The same. */
bool gh_hmac(enum gh_hash hash, const void *key, size_t key_len, const void *p, size_t n,
    unsigned char *out);

#endif
