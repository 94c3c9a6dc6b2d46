/*
 * Searches that people keep by name: the one way for all doors (REST, command). docs/inventory.md
 *
 * Everybody keeps his own, which nobody else sees. Officers, auditors and administrators may share
 * one with everybody who can log in; it grants nothing, as each finds what he may see. A shared one
 * is changed by who made it, and by administrators.
 */
#ifndef ENROLL_SAVED_SEARCH_H
#define ENROLL_SAVED_SEARCH_H

#include "catalog/catalog.h"
#include "requester.h"
#include "store/inventory/saved_search_row.h"

struct saved_search_order {
	const char *name;
	const char *query;
	const char *description, *order_by, *order, *fields; /* or NULL */
	bool is_shared;
	bool may_share;         /* by his roles, or by the command */
	bool may_change_all;    /* of those that others share */
	const char *if_match;   /* header value, or NULL */
	const char *request_id; /* of the HTTP request, or NULL */
};

/* *out: as store_find_saved_search has it, committed. GH_E_VALIDATION: the message begins with the
 * member that is wrong; GH_E_UNCONDITIONAL: it is there already, and if_match NULL;
 * GH_E_PRECONDITION, GH_E_FORBIDDEN, GH_E_CONFLICT. */
int saved_search_put(struct store *store, const struct catalog *catalog,
    const struct requester *who, const struct saved_search_order *o, gh_json **out, bool *is_new,
    struct gh_error *err) GH_MUSTCHECK;
/* Of o, query and what follows it up to is_shared does not count. GH_E_NOT_FOUND, and as above. */
int saved_search_remove(struct store *store, const struct requester *who,
    const struct saved_search_order *o, struct gh_error *err) GH_MUSTCHECK;

/* "v3", with the quotes, into out; returns out. */
#define SAVED_SEARCH_ETAG_SIZE 24
char *saved_search_etag(const gh_json *row, char out[SAVED_SEARCH_ETAG_SIZE]);

#endif
