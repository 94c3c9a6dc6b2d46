/* A CA as a command works on it: its row, in any state. */
#ifndef LOADED_CA_H
#define LOADED_CA_H

#include "ca.h"

#include "session.h"

struct loaded_ca {
	gh_json *row;  /* store_ca_get */
	struct ca *ca; /* a pending one has no certificate and no chain */
};

/* name: or decimal id. GH_E_NOT_FOUND. */
int loaded_ca_open(struct session *s, const char *name, struct loaded_ca *out,
    struct gh_error *err) GH_MUSTCHECK;
/* The CA that is to sign another one: it must be active with its key here. name NULL: *out is
 * empty. */
int loaded_ca_open_parent(struct session *s, const char *name, struct loaded_ca *out,
    struct gh_error *err) GH_MUSTCHECK;
/* The CA, if it is known here, that a certificate's chain goes on with; else *out is empty. */
int loaded_ca_open_issuer(struct session *s, const struct cert_chain *chain, struct loaded_ca *out,
    struct gh_error *err) GH_MUSTCHECK;
void loaded_ca_close(struct loaded_ca *l); /* accepts an empty one */

/* *out NULL when the key of ca (may be NULL) has no password; else for prompt_free. option: of the
 * file. */
int loaded_ca_password(const struct ca *ca, const char *file, char **out,
    struct gh_error *err) GH_MUSTCHECK;
/* CAs that may stand below it in a chain; -1: any number. */
long loaded_ca_path_len(const struct ca *ca);

/* Letters, digits, '.', '_' and '-', at most 64: it stands in URLs. */
bool loaded_ca_is_name(const char *name);
#define CA_NAME_RULE \
	"a name of a CA has letters, digits, \".\", \"_\" and \"-\", at most 64 of them"

/* Names and lists of a struct ca are malloc'd: a copy of everything but certificates and key. NULL:
 * out of memory. */
struct ca *loaded_ca_copy_settings(const struct ca *ca);

#endif
