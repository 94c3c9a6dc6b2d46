/*
 * The ticket of a recovery: a file of the requester, mode 0600, with the session key that the
 * secret will come back under. It is on disk before the request is sent, since agents may approve
 * that wrapping and no other, and it is removed when the secret is on disk. docs/key-commands.md
 */
#ifndef KEY_TICKET_H
#define KEY_TICKET_H

#include <limits.h>

#include "error.h"

#include "key_session.h"

#define KEY_TICKET_PASSWORD_SIZE 32 /* of a password that was made, with its NUL */

struct key_ticket {
	enum kra_form form;
	unsigned char key[KEY_SESSION_SIZE];
	unsigned char digest[KRA_RELEASE_DIGEST_SIZE];
	char password[KEY_TICKET_PASSWORD_SIZE]; /* of a PKCS#12, when we made it; or "" */
};
void key_ticket_clear(struct key_ticket *t); /* wipes */

/* The file for a key, in the folder where we are; or the one that was given. GH_E_CONF: too long.
 */
int key_ticket_path(const char *given, const char *key_id, char out[PATH_MAX],
    struct gh_error *err) GH_MUSTCHECK;
/* GH_E_CONFLICT: there is one, of a recovery that has not ended. */
int key_ticket_write(const char *path, const struct key_ticket *t,
    struct gh_error *err) GH_MUSTCHECK;
/* GH_E_CONF: none, or it is readable by others. */
int key_ticket_read(const char *path, struct key_ticket *out, struct gh_error *err) GH_MUSTCHECK;
void key_ticket_remove(const char *path);

#endif
