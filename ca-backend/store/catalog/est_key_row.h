/* Keys of clients of EST that private keys made here are encrypted for. docs/est.md */
#ifndef STORE_EST_KEY_ROW_H
#define STORE_EST_KEY_ROW_H

#include "store/store.h"

/* [{"id","name","audience","identifier": upper-case hex,"secret_sealed":null|a key-encryption key,
 * "cert":null|base64 of DER,"expires":null|UTC seconds}], by id, as their MACs say. GH_E_SEAL. */
int store_load_est_keys(struct store *s, gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* key: all of those members but the id. GH_E_CONFLICT (public): the name is taken, or the client
 * has a key of this kind and identifier. */
int store_add_est_key(struct store *s, const struct requester *who, const gh_json *key,
    struct gh_error *err) GH_MUSTCHECK;
/* GH_E_NOT_FOUND (public). */
int store_remove_est_key(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err) GH_MUSTCHECK;

#endif
