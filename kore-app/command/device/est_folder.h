/*
 * The folder of a device: everything that its certificate needs, so that a renewal can neither be
 * half done nor mix a key with the certificate of another one.
 *
 *     DIR/current -> 3          what is in use: read key.pem, cert.pem and chain.pem through it
 *     DIR/3/                    key.pem, cert.pem (with its issuers behind it), chain.pem
 *     DIR/2/                    the one before
 *     DIR/next/                 key.pem of a request whose answer is still to come
 *     DIR/ca.pem                CA certificates of the server: what its certificates chain to
 *     DIR/est.json              {"url", "label", "cacert"}: where it was enrolled
 *
 * The symbolic link is replaced in one step (rename). Whoever dies before leaves the old pair, and
 * DIR/next, whose key is used again.
 */
#ifndef EST_FOLDER_H
#define EST_FOLDER_H

#include <limits.h>
#include <stdbool.h>

#include <openssl/x509.h>

#include "error.h"
#include "json.h"

struct est_folder {
	const char *path; /* borrowed */
	int lock;         /* -1: none */
};

/* Opens, and makes it with `make` (0700). One process at a time: GH_E_CONFLICT. GH_E_CONF, also
 * where it is another user's, or others may write in it. Release with est_folder_close, in any
 * case. */
int est_folder_open(struct est_folder *f, const char *path, bool make,
    struct gh_error *err) GH_MUSTCHECK;
void est_folder_close(struct est_folder *f);

/* Path of a file in it: "current/key.pem". GH_E_CONF: it would be too long. */
int est_folder_name(const struct est_folder *f, const char *file, char out[PATH_MAX],
    struct gh_error *err) GH_MUSTCHECK;
bool est_folder_has(const struct est_folder *f, const char *file);

/* The key and the certificate in use; GH_E_NOT_FOUND: there is none yet. GH_E_CONF: they do not
 * fit together. key and cert may be NULL. */
int est_folder_current(const struct est_folder *f, EVP_PKEY **key, X509 **cert,
    struct gh_error *err) GH_MUSTCHECK;

/* The key of DIR/next, made there if there is none (type: GH_KEY_NAMES). */
int est_folder_next_key(const struct est_folder *f, const char *type, EVP_PKEY **key,
    struct gh_error *err) GH_MUSTCHECK;
/* Puts key into DIR/next: one that a server made, or the one in use. */
int est_folder_put_next_key(const struct est_folder *f, EVP_PKEY *key,
    struct gh_error *err) GH_MUSTCHECK;
/* Forgets DIR/next: the server has refused it. */
void est_folder_drop_next(const struct est_folder *f);

/* DIR/next gets the certificate and becomes what is in use. *number: its name. */
int est_folder_commit(const struct est_folder *f, X509 *cert, STACK_OF(X509) * chain, int *number,
    struct gh_error *err) GH_MUSTCHECK;

int est_folder_write(const struct est_folder *f, const char *file, const char *text,
    struct gh_error *err) GH_MUSTCHECK;
int est_folder_settings(const struct est_folder *f, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
