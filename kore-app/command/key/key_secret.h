/* A secret of this machine: read to be archived, or written when it was recovered. */
#ifndef KEY_SECRET_H
#define KEY_SECRET_H

#include <openssl/evp.h>

#include "buf.h"
#include "options.h"
#include "signer/protocol/protocol_kra.h"

/* Names of kinds, as in the API. NULL-ended; index: kind - KRA_ASYMMETRIC. */
extern const char *const key_kind_names[];

struct key_secret {
	enum kra_kind kind;
	struct gh_buf octets; /* PKCS#8 (DER), the key, or the text */
	struct gh_buf spki;   /* DER; of a private key */
};
void key_secret_clear(struct key_secret *s); /* wipes */

/* Where it is, as options of a command. */
struct key_secret_options {
	const char *kind, *in, *password_file;
};
extern struct key_secret_options key_secret_options;
#define KEY_SECRET_OPTIONS \
	{"kind", 0, OPTION_TEXT, &key_secret_options.kind, "KIND", \
	    "private_key (default), symmetric_key or passphrase"}, \
	    {"in", 'i', OPTION_TEXT, &key_secret_options.in, "FILE", \
		"the secret: a private key in PEM or DER, the octets of a symmetric key, a line with a passphrase " \
		"(default of that: asked for)"}, \
	{ \
		"in-password-file", 0, OPTION_TEXT, &key_secret_options.password_file, "FILE", \
		    "password of that private key, first line of FILE (default: asked for, when it has one)" \
	}
/* Do they fit together? COMMAND_OK, or the exit code of command_usage. */
int key_secret_check(const char *who);
/* Read it, and ask what must be asked. GH_E_CONF. */
int key_secret_read(struct key_secret *out, struct gh_error *err) GH_MUSTCHECK;

/* The same of a private key that is at hand. */
int key_secret_of_key(EVP_PKEY *key, struct key_secret *out, struct gh_error *err) GH_MUSTCHECK;

/* May it be written there? path: "-" is standard output, which must not be a terminal unless
 * to_terminal. GH_E_CONF: no; GH_E_CONFLICT: there is a file. */
int key_secret_check_path(const char *path, bool to_terminal, struct gh_error *err) GH_MUSTCHECK;
/* Write octets of this kind: a private key as PEM, under password unless that is NULL; all others
 * as they are. Mode 0600, never over another file. GH_E_CONFLICT, GH_E_CONF. */
int key_secret_write(const char *path, enum kra_kind kind, const struct gh_buf *octets,
    const char *password, struct gh_error *err) GH_MUSTCHECK;
/* Octets of any kind as they are; the same. */
int key_secret_write_octets(const char *path, const void *p, size_t len,
    struct gh_error *err) GH_MUSTCHECK;

#endif
