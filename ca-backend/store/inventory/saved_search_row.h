/* Searches that people keep by name. Each change is one statement with its audit row.
 * docs/inventory.md */
#ifndef STORE_SAVED_SEARCH_ROW_H
#define STORE_SAVED_SEARCH_ROW_H

#include "store/store.h"

#define STORE_SEARCHES_MAX 200 /* of one person */

/*
 * Objects {"id","name","query","description","order_by","order","fields","shared","owner","mine",
 * "version","changed_at","changed_by"}: those of who, and what others share, by name. who NULL: all
 * of everybody.
 */
int store_saved_searches(struct store *s, const struct requester *who, gh_json **entries,
    struct gh_error *err) GH_MUSTCHECK;
/* One of these by its name, without case: his own one before a shared one. GH_E_NOT_FOUND
 * (public). */
int store_find_saved_search(struct store *s, const struct requester *who, const char *name,
    gh_json **out, struct gh_error *err) GH_MUSTCHECK;

/* Texts but name and query may be NULL. */
struct store_saved_search {
	int64_t id;  /* 0: a new one, of who */
	int version; /* that it replaces */
	const char *name, *query, *description, *order_by, *order, *fields;
	bool is_shared;
	const char *request_id; /* of the HTTP request, or NULL */
};
/* GH_E_CONFLICT: the name is taken, or who has STORE_SEARCHES_MAX; GH_E_PRECONDITION: it has
 * another version by now, or is gone. All public. */
int store_put_saved_search(struct store *s, const struct requester *who,
    const struct store_saved_search *v, struct gh_error *err) GH_MUSTCHECK;
/* id, version, name and request_id of v count. GH_E_PRECONDITION. */
int store_remove_saved_search(struct store *s, const struct requester *who,
    const struct store_saved_search *v, struct gh_error *err) GH_MUSTCHECK;

#endif
