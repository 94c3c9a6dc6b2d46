/* Names and their owners on the way into the store: checked, in their form, by owner and kind. */
#ifndef NAME_GROUPS_H
#define NAME_GROUPS_H

#include "error.h"
#include "json.h"

#define NAME_COMMENT_MAX 256 /* characters */

/* A zeroed one is empty. */
struct name_groups {
	gh_json *list;  /* as store_add_names takes it */
	gh_json *index; /* "kind owner" -> its names */
	size_t n;       /* names */
};

/* GH_E_VALIDATION (public): kind, pattern, owner or comment is not taken, or the name is there
 * twice; GH_E_NOMEM. comment: "" = none. */
int name_groups_add(struct name_groups *g, const char *kind, const char *pattern, const char *owner,
    const char *comment, struct gh_error *err) GH_MUSTCHECK;
void name_groups_clear(struct name_groups *g);

#endif
