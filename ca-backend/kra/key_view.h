/* Keys and key requests as JSON (store/key/key_list.h), for who may see them: agents and auditors
 * all of them, others their own keys, their requests, and requests about their keys. */
#ifndef KEY_VIEW_H
#define KEY_VIEW_H

#include "kra_means.h"
#include "store/key/key_list.h"

/* *next: after_id of the next page; 0 = this was the last. */
int key_view_keys(struct kra_means *m, const struct requester *who,
    const struct store_key_filter *f, gh_json **entries, int64_t *next,
    struct gh_error *err) GH_MUSTCHECK;
/* GH_E_NOT_FOUND (public). */
int key_view_key(struct kra_means *m, const struct requester *who, const char *key_id,
    gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* The id of a certificate's key, from "archived_key" of store_get_cert. NULL: there is none, or he
 * may not know of it. Borrowed from key. */
const char *key_view_archived(const struct requester *who, const gh_json *key);
int key_view_requests(struct kra_means *m, const struct requester *who,
    const struct store_key_request_filter *f, gh_json **entries, int64_t *next,
    struct gh_error *err) GH_MUSTCHECK;
/* With its approvals. "altered": true, where a recovery is not as it was recorded. GH_E_NOT_FOUND
 * (public). */
int key_view_request(struct kra_means *m, const struct requester *who, int64_t id, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
