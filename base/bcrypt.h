/* Password hashes: bcrypt, by crypt(3). */
#ifndef GH_BCRYPT_H
#define GH_BCRYPT_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define GH_BCRYPT_SIZE 128 /* a hash with its NUL */
#define GH_BCRYPT_MAX 72   /* bytes; bcrypt ignores what follows */

/* "$2b$12$...". text: at most GH_BCRYPT_MAX bytes. GH_E_INTERNAL. */
int gh_bcrypt_hash(const char *text, char out[GH_BCRYPT_SIZE], struct gh_error *err) GH_MUSTCHECK;
/* hash NULL: takes the same time and says no, so that an unknown user is not told from a known
 * one. */
bool gh_bcrypt_is_right(const char *text, const char *hash);

/* The same for a text of any length: what is hashed is base64(SHA-256(text)). The two kinds do not
 * mix. */
int gh_bcrypt_hash_long(const char *text, char out[GH_BCRYPT_SIZE],
    struct gh_error *err) GH_MUSTCHECK;
bool gh_bcrypt_is_right_long(const char *text, const char *hash);

#endif
