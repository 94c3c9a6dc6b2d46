/* Shared secrets of CMC: rows that let their holder enroll. docs/cmc.md */
#ifndef STORE_CMC_SECRET_ROW_H
#define STORE_CMC_SECRET_ROW_H

#include "store/store.h"

/* [{"id","name","secret_sealed","requester":null|name in the directory,"requester_id":null|its id,
 * "label":null|...,"one_time","expires":null|UTC seconds}], by id, as their MACs say. GH_E_SEAL. */
int store_load_cmc_secrets(struct store *s, gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* secret: all of those members but the id. GH_E_CONFLICT (public): the name is taken. */
int store_add_cmc_secret(struct store *s, const struct requester *who, const gh_json *secret,
    struct gh_error *err) GH_MUSTCHECK;
/* GH_E_NOT_FOUND (public). */
int store_remove_cmc_secret(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err) GH_MUSTCHECK;

/* Take a secret that is good once, for the message of this SHA-256; before anything is signed, so
 * that of two nodes one gets it. *was_used: by the same message. GH_E_AUTH_FAILED (public): by
 * another. */
int store_use_cmc_secret(struct store *s, int64_t id, const unsigned char message[32],
    bool *was_used, struct gh_error *err) GH_MUSTCHECK;
/* Nothing came of this message, which took it: it is good again. One that another message has taken
 * since stays so. */
int store_return_cmc_secret(struct store *s, int64_t id, const unsigned char message[32],
    struct gh_error *err) GH_MUSTCHECK;

#endif
