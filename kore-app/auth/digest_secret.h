/*
 * What the gateway keeps of the password of a local EST user: what Digest needs (RFC 7616, 3.4.2),
 * H(user:realm:password) for each hash. Who has it can log in by Digest as with the password, and
 * it is hashed fast, unlike bcrypt, of which Digest can make nothing: so it is stored sealed.
 */
#ifndef DIGEST_SECRET_H
#define DIGEST_SECRET_H

#include "error.h"

#define AUTH_REALM "Gatehouse"
#define DIGEST_HEX_SIZE 65 /* hex digits of the longest hash, and NUL */

enum digest_hash { DIGEST_SHA256, DIGEST_MD5, DIGEST_HASHES };

struct digest_secret {
	char a1[DIGEST_HASHES][DIGEST_HEX_SIZE]; /* lower-case hex, as it is hashed further */
};

/* The parts with ':' between, NULL at the end: their hash as lower-case hex. GH_E_INTERNAL:
 * OpenSSL has not this hash. */
int digest_of(enum digest_hash h, const char *const part[], char out[DIGEST_HEX_SIZE],
    struct gh_error *err) GH_MUSTCHECK;

/* Wipe *out after use. */
int digest_secret_make(const char *user, const char *password, struct digest_secret *out,
    struct gh_error *err) GH_MUSTCHECK;

/* As base64 under the server secret; malloc'd. */
int digest_secret_seal(const struct digest_secret *s, const unsigned char server_secret[32],
    char **out, struct gh_error *err) GH_MUSTCHECK;
/* GH_E_CONF: sealed under another secret, or something else. Wipe *out after use; it is zeroed
 * after a failure. */
int digest_secret_unseal(const char *sealed, const unsigned char server_secret[32],
    struct digest_secret *out, struct gh_error *err) GH_MUSTCHECK;

#endif
