/*
 * The mark of a password: a value that changes with it. A session has that of its log-in, and ends
 * when the account has another one.
 */
#ifndef CREDENTIAL_MARK_H
#define CREDENTIAL_MARK_H

#include "dir_entry.h"
#include "error.h"

#define CREDENTIAL_MARK_SIZE 32

/* HMACs under a key of the gateway secret, so that who reads one learns nothing. hash: bcrypt, of a
 * local administrator. An entry: what the directory says of when its password was changed, and
 * nothing where it does not. GH_E_INTERNAL. */
int credential_mark_of_hash(const unsigned char secret[32], const char *hash,
    unsigned char out[CREDENTIAL_MARK_SIZE], struct gh_error *err) GH_MUSTCHECK;
int credential_mark_of_entry(const unsigned char secret[32], const struct dir_entry *e,
    unsigned char out[CREDENTIAL_MARK_SIZE], struct gh_error *err) GH_MUSTCHECK;

#endif
