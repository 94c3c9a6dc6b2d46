/*
 * Passwords of local administrators: bcrypt, by crypt(3).
 *
 * One check costs a fifth of a second of a processor, and anybody can ask for one. So a password
 * that was right is remembered for a minute, and checks go through a gate (password_gate.h),
 * whoever they are for.
 * Safe in any thread.
 */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bcrypt.h"
#include "error.h"

#define AUTH_PASSWORD_HASH_SIZE GH_BCRYPT_SIZE
#define AUTH_PASSWORD_MIN 8 /* bytes */
#define AUTH_PASSWORD_MAX \
	GH_BCRYPT_MAX           /* bytes; bcrypt ignores what follows, so more is refused \
				 */
#define AUTH_PASSWORD_MEMORY 60 /* seconds */

/* "$2b$12$...". size: of out, at least AUTH_PASSWORD_HASH_SIZE. GH_E_BAD_REQUEST: too short or too
 * long; GH_E_INTERNAL. */
int auth_password_hash(const char *password, char *out, size_t size,
    struct gh_error *err) GH_MUSTCHECK;

/*
 * Is the password that of hash? hash NULL: takes the same time and says no, so that an unknown user
 * is not told from a known one. What is remembered is the pair of hash and password: a changed
 * password has another hash, and whether the user is still enabled is not asked here. now_us:
 * monotonic. GH_E_BUSY: too many checks are running.
 */
int auth_password_check(const char *password, const char *hash, int64_t now_us, bool *is_right,
    struct gh_error *err) GH_MUSTCHECK;

#endif
