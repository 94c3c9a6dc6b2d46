/* A CA as those work on it who change it: its row, in any state. */
#ifndef AUTHORITY_LOADED_CA_H
#define AUTHORITY_LOADED_CA_H

#include "issuing/ca_set.h"
#include "store/store.h"

struct loaded_ca {
	gh_json *row;  /* store_ca_get */
	struct ca *ca; /* a pending one has no certificate and no chain */
};

/* name: or decimal id. GH_E_NOT_FOUND. */
int loaded_ca_open(struct store *store, const char *name, struct loaded_ca *out,
    struct gh_error *err) GH_MUSTCHECK;
/* The CA that is to sign another one: it must be active with its key here. name NULL: *out is
 * empty. */
int loaded_ca_open_parent(struct store *store, const char *name, struct loaded_ca *out,
    struct gh_error *err) GH_MUSTCHECK;
/* The CA, if it is known here, that a certificate's chain goes on with; else *out is empty. */
int loaded_ca_open_issuer(struct store *store, const struct cert_chain *chain,
    struct loaded_ca *out, struct gh_error *err) GH_MUSTCHECK;
void loaded_ca_close(struct loaded_ca *l); /* accepts an empty one */

/* All of them, for ca_set_clear. The store is one that reads rows that grant rights
 * (store_use_secret). *out is empty after a failure. */
int loaded_ca_open_all(struct store *store, struct ca_set *out, struct gh_error *err) GH_MUSTCHECK;

/* CAs that may stand below it in a chain; -1: any number. */
long loaded_ca_path_len(const struct ca *ca);

/* Names and lists of a struct ca are malloc'd: a copy of everything but certificates and key. NULL:
 * out of memory. */
struct ca *loaded_ca_copy_settings(const struct ca *ca);

#endif
