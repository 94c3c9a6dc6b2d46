/* From a name or DN to the one entry it stands for, with groups and account state. Nothing is
 * cached here. */
#ifndef DIR_LOOKUP_H
#define DIR_LOOKUP_H

#include "dir.h"

/* As dir_find and dir_find_dn. */
int dir_lookup_name(struct dir *d, const char *text, struct dir_entry **out,
    struct gh_error *err) GH_MUSTCHECK;
int dir_lookup_dn(struct dir *d, const char *dn, struct dir_entry **out,
    struct gh_error *err) GH_MUSTCHECK;

/* As dir_find_id. */
int dir_lookup_id(struct dir *d, const char *id, struct dir_entry **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
