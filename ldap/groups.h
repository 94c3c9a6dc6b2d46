/* All groups of an entry: direct, nested, primary. */
#ifndef DIR_GROUPS_H
#define DIR_GROUPS_H

#include "dir.h"
#include "dir_shared.h"

/* member_of: values of memberOf as the entry came with them, or NULL. Adds to e. GH_E_DIR_DOWN:
 * better no answer than a shorter list. */
int dir_groups_read(struct dir *d, struct dir_entry *e, struct berval **member_of,
    struct gh_error *err) GH_MUSTCHECK;

#endif
