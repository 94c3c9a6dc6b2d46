/* Passwords of local administrators: what `user` and `init` share. */
#ifndef USER_H
#define USER_H

#include "error.h"

#define USER_PASSWORD_MIN 8 /* characters */
#define USER_HASH_SIZE 128  /* bytes of a bcrypt hash, amply */

/* GH_E_CONF: too short. */
int user_hash_password(const char *password, char out[USER_HASH_SIZE],
    struct gh_error *err) GH_MUSTCHECK;

#endif
