/* Local users of EST: rows that let their owner enroll. docs/est-auth.md */
#ifndef STORE_EST_USER_ROW_H
#define STORE_EST_USER_ROW_H

#include "store/store.h"

/* [{"id","name","secret_sealed","label":null|...,"one_time","expires":null|UTC seconds,"enabled"}],
 * by id, as their MACs say. GH_E_SEAL. */
int store_load_est_users(struct store *s, gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* user: all of those members but the id. GH_E_CONFLICT (public): the name is taken. */
int store_create_est_user(struct store *s, const struct requester *who, const gh_json *user,
    struct gh_error *err) GH_MUSTCHECK;
/* changes: members as above, each replaces the old value; the audit row has the event's detail.
 * GH_E_NOT_FOUND (public). */
int store_change_est_user(struct store *s, const struct requester *who, const char *name,
    const gh_json *changes, const char *detail, struct gh_error *err) GH_MUSTCHECK;
/* GH_E_NOT_FOUND (public). */
int store_remove_est_user(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err) GH_MUSTCHECK;

#endif
