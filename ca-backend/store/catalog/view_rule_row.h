/* Rules that show certificates to groups: rows of view_rule, which grant rights (grant.h). Each
 * change is one transaction with its audit row. */
#ifndef STORE_VIEW_RULE_ROW_H
#define STORE_VIEW_RULE_ROW_H

#include "store/store.h"

/* rule: as in the catalog, without id; what it does not go by is null. GH_E_CONFLICT: the name is
 * taken. */
int store_add_view_rule(struct store *s, const struct requester *who, const gh_json *rule,
    struct gh_error *err) GH_MUSTCHECK;
int store_remove_view_rule(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err) GH_MUSTCHECK; /* GH_E_NOT_FOUND */

#endif
