/* Webhooks: rows that grant what happens here to a receiver. docs/notifications.md */
#ifndef STORE_WEBHOOK_ROW_H
#define STORE_WEBHOOK_ROW_H

#include "store/store.h"

/* [{"id","name","url","events":[...],"secret_sealed","enabled"}], by id, as their MACs say. One
 * that was changed or added in the database has "damaged": true, and must not be called;
 * *is_damaged: there is one, or one was removed. GH_E_SEAL: none of them can be believed. */
int store_load_webhooks(struct store *s, gh_json **out, bool *is_damaged,
    struct gh_error *err) GH_MUSTCHECK;
/* webhook: those members but the id; enabled. GH_E_CONFLICT (public): the name is taken. */
int store_create_webhook(struct store *s, const struct requester *who, const gh_json *webhook,
    struct gh_error *err) GH_MUSTCHECK;
/* changes: members as above, each replaces the old value. GH_E_NOT_FOUND (public). */
int store_change_webhook(struct store *s, const struct requester *who, const char *name,
    const gh_json *changes, struct gh_error *err) GH_MUSTCHECK;
/* What waits for it is given up when it is its turn. GH_E_NOT_FOUND (public). */
int store_delete_webhook(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err) GH_MUSTCHECK;

#endif
