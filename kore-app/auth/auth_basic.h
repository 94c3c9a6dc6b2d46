/* Basic credentials (RFC 7617). */
#ifndef AUTH_BASIC_H
#define AUTH_BASIC_H

#include "error.h"

#define AUTH_USER_MAX 255  /* bytes, as struct requester holds them */
#define AUTH_PASS_MAX 1024 /* bytes */

struct auth_basic {
	char user[AUTH_USER_MAX + 1];
	char password[AUTH_PASS_MAX + 1];
};

/*
 * header: value of Authorization or NULL. GH_E_AUTH_REQUIRED: absent or another scheme;
 * GH_E_AUTH_FAILED: malformed, empty user, empty password; out->user is what could be read then,
 * for the log, and the password is empty. Wipe *out after use, whatever the result.
 */
int auth_basic_parse(const char *header, struct auth_basic *out, struct gh_error *err) GH_MUSTCHECK;

/* The same of a name and a password that came otherwise. */
int auth_basic_set(const char *user, const char *password, struct auth_basic *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
