/* Who is in a group: the way back of groups.h, for messages to all who have a role. */
#ifndef DIR_MEMBERS_H
#define DIR_MEMBERS_H

#include "dir.h"

#define DIR_MEMBERS_MAX 1000 /* people; further ones are left out */

struct dir_members {
	char **dn;
	size_t n, cap;
	bool is_cut; /* there were more than DIR_MEMBERS_MAX */
};
void dir_members_clear(struct dir_members *m);

/*
 * The DNs of people in a group, nested ones included, added to *m; each is there once. group: DN,
 * SID or name, as dir_entry_is_member takes it ("*" gives nobody). What a DN's entry is in truth,
 * dir_find_dn tells. Nobody is no error, and neither is a group that is not there: GH_E_DIR_DOWN,
 * GH_E_NOMEM.
 */
int dir_members_read(struct dir *d, const char *group, struct dir_members *m,
    struct gh_error *err) GH_MUSTCHECK;

#endif
