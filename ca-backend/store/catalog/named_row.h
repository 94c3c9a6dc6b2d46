/*
 * Rows that grant rights and are known by their name: added, changed and removed in one way. Each
 * change is one transaction with its audit row and seals (grant.h).
 */
#ifndef STORE_NAMED_ROW_H
#define STORE_NAMED_ROW_H

#include "store/grant/grant.h"

struct named_row_kind {
	enum grant_table table;
	const char *added, *changed, *removed; /* events of the audit trail */
	const char *taken;                     /* for people: the name is another one's */
	const char *what, *list;       /* "rule" and "gatehouse ca rule list": for GH_E_NOT_FOUND */
	struct store_statement remove; /* DELETE of the row with id $1 */
	/* For the audit row: what the row says now. Cut where it is too long. */
	void (*describe)(const gh_json *row, char *out, size_t size);
	/* Something else must go first: its error ends the removal. NULL: nothing does. */
	int (*may_remove)(const gh_json *row, struct gh_error *err);
};

/* All of them, by id, as their MACs say: a new array. GH_E_SEAL. */
int named_row_load(struct store *s, const struct named_row_kind *k, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;
/* row: as in the catalog, without id. GH_E_CONFLICT: the name is taken. */
int named_row_add(struct store *s, const struct requester *who, const struct named_row_kind *k,
    const gh_json *row, struct gh_error *err) GH_MUSTCHECK;
/* changes: members that replace the old ones; those of an object that is a member already replace
 * its members (null removes one). check: of the row as it is to be; its error ends the change.
 * GH_E_NOT_FOUND. */
int named_row_change(struct store *s, const struct requester *who, const struct named_row_kind *k,
    const char *name, const gh_json *changes,
    int (*check)(const gh_json *row, struct gh_error *err), struct gh_error *err) GH_MUSTCHECK;
/* changes: members that replace the old ones, whole; detail: of the audit row. GH_E_NOT_FOUND. */
int named_row_set(struct store *s, const struct requester *who, const struct named_row_kind *k,
    const char *name, const gh_json *changes, const char *detail,
    struct gh_error *err) GH_MUSTCHECK;
int named_row_remove(struct store *s, const struct requester *who, const struct named_row_kind *k,
    const char *name, struct gh_error *err) GH_MUSTCHECK; /* GH_E_NOT_FOUND */

#endif
