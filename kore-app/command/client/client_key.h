/* The private key of the enrollment client. */
#ifndef CLIENT_KEY_H
#define CLIENT_KEY_H

#include <stdbool.h>

#include <openssl/evp.h>

#include "error.h"

/* type: one of GH_KEY_NAMES. GH_E_CONF. */
int client_key_generate(const char *type, EVP_PKEY **out, struct gh_error *err) GH_MUSTCHECK;
/* PEM. password NULL: the key must not be encrypted. GH_E_CONF. */
int client_key_load(const char *path, const char *password, EVP_PKEY **out,
    struct gh_error *err) GH_MUSTCHECK;
/* PKCS#8 PEM, mode 0600, encrypted (PBES2, AES-256) with password unless NULL. GH_E_CONFLICT: the
 * file is there and replace is false. */
int client_key_write(const char *path, EVP_PKEY *key, const char *password, bool replace,
    struct gh_error *err) GH_MUSTCHECK;

#endif
