/* The list commands: page through store_list, show a table or JSON. */
#ifndef LIST_H
#define LIST_H

#include <stdbool.h>

#include "store/store.h"

#include "output.h"
#include "session.h"

/* All rows that match, page by page, at most limit (0: all). *out: array. filter->after_id and
 * ->limit are set here. */
int list_load(struct store *store, enum store_list what, struct store_filter filter, int limit,
    gh_json **out, struct gh_error *err) GH_MUSTCHECK;
/* A whole command behind its options: open, list, show. Returns an exit code. */
struct list_view {
	enum store_list what;
	const struct output_column *columns;
};
int list_show(const char *who, const char *conf, bool json, const struct list_view *view,
    const struct store_filter *filter, int limit);
/* The row with member "name" (without case), referenced for the caller. GH_E_NOT_FOUND names it. */
int list_find(struct store *store, enum store_list what, const char *name, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

/* The row of the catalog with this name, as the gateway sees it: active versions, "cas" with chain,
 * "templates" with body; member is the list in it. Referenced for the caller. GH_E_NOT_FOUND names
 * it. */
int list_find_active(struct store *store, const char *member, const char *name, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
