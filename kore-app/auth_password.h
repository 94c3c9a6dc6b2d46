/* Passwords of local administrators: bcrypt, by crypt(3). */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "bcrypt.h"
#include "error.h"

#define AUTH_PASSWORD_HASH_SIZE GH_BCRYPT_SIZE
#define AUTH_PASSWORD_MIN 8              /* bytes */
#define AUTH_PASSWORD_MAX GH_BCRYPT_MAX  /* bytes; bcrypt ignores what follows, so more is refused */

/* "$2b$12$...". size: of out, at least AUTH_PASSWORD_HASH_SIZE. GH_E_BAD_REQUEST: too short or too long;
 * GH_E_INTERNAL. */
int auth_password_hash(const char *password, char *out, size_t size, struct gh_error *err) GH_MUSTCHECK;
/* hash NULL: takes the same time and says no, so that an unknown user is not told from a known one. */
bool auth_password_is_right(const char *password, const char *hash);

#endif
