/* Pages of store_list, and one row of them. */
#ifndef LIST_H
#define LIST_H

#include <stdbool.h>

#include "store/store.h"

#include "verb.h"

/* All rows that match, page by page, at most limit (0: all). *out: array. filter->after_id and
 * ->limit are set here. */
int list_load(struct store *store, enum store_list what, struct store_filter filter, int limit,
    gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* The work of a verb that lists rows; arg of its row: what is asked for. */
struct list_query {
	enum store_list what;
	struct store_filter filter;
	int limit; /* 0: all */
};
int list_rows(struct verb_call *c, struct gh_error *err) GH_MUSTCHECK;
/* The row with member "name" (without case), referenced for the caller. GH_E_NOT_FOUND names it. */
int list_find(struct store *store, enum store_list what, const char *name, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

/* Rows as people read them: without what is sealed in them ("secret_sealed"), and with their end
 * ("expires", UTC seconds) as text. */
int list_tidy_secrets(gh_json *rows, struct gh_error *err) GH_MUSTCHECK;

/* The row of the catalog with this name, as the gateway sees it: active versions, STORE_LIST_CAS
 * with chain, STORE_LIST_TEMPLATES with body; there are no others. Referenced for the caller.
 * GH_E_NOT_FOUND names it. */
int list_find_active(struct store *store, enum store_list what, const char *name, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
