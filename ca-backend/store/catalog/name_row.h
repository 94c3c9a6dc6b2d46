/* The list of owners of names. Each change is one transaction with audit rows and seals (grant.h).
 */
#ifndef STORE_NAME_ROW_H
#define STORE_NAME_ROW_H

#include "store/store.h"

/* Owners times kinds: each is a row with a MAC. */
#define STORE_NAME_ROWS_MAX 10000

struct store_name_result {
	size_t changed; /* names that were added, got another comment, or were removed */
	size_t total;   /* names in the list behind it */
};

/*
 * groups: [{"owner","kind","names":{pattern: comment}}], patterns in their form, comments "" for
 * none; each owner and kind once. max: names that the list may have. is_trial: all is undone.
 * GH_E_VALIDATION (public): it would have more.
 */
int store_add_names(struct store *s, const struct requester *who, const gh_json *groups, size_t max,
    bool is_trial, struct store_name_result *out, struct gh_error *err) GH_MUSTCHECK;
/* The same shape, comments are not looked at. GH_E_NOT_FOUND (public) names the first that is not
 * there; then nothing is removed. */
int store_remove_names(struct store *s, const struct requester *who, const gh_json *groups,
    struct store_name_result *out, struct gh_error *err) GH_MUSTCHECK;
/* [{"kind","pattern","owner","comment"}], by owner. owner, kind: only these; NULL: all. */
int store_list_names(struct store *s, const char *owner, const char *kind, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
