/* The credentials of Digest in Authorization (RFC 7616, 3.4). */
#ifndef DIGEST_HEADER_H
#define DIGEST_HEADER_H

#include <stdint.h>

#include "digest_secret.h"

#define DIGEST_HEADER_MAX 4096 /* bytes of the whole value */

/* Texts point into `text`: not to be copied as a value. */
struct digest_header {
	const char *user, *realm, *nonce, *uri, *cnonce;
	const char *nc;       /* 8 hex digits as they were sent ... */
	uint32_t count;       /* ... and the number, 1 or more */
	const char *response; /* hex digits of the hash */
	enum digest_hash hash;
	char text[DIGEST_HEADER_MAX];
};

/*
 * header: value of Authorization or NULL. GH_E_AUTH_REQUIRED: absent or another scheme.
 * GH_E_AUTH_FAILED: malformed, a parameter missing, twice, or with a backslash, which clients hash
 * in two ways; a quality of protection other than auth, or none (RFC 2069); another algorithm than
 * SHA-256 and MD5, which is the one when none is named; a hashed user name. out->user is NULL then.
 */
int digest_header_parse(const char *header, struct digest_header *out,
    struct gh_error *err) GH_MUSTCHECK;

/* Is the response that of who has this secret, for this method (3.4.1)? In constant time.
 * GH_E_AUTH_FAILED: no. GH_E_INTERNAL. */
int digest_header_check(const struct digest_header *h, const struct digest_secret *secret,
    const char *method, struct gh_error *err) GH_MUSTCHECK;

#endif
