/* What depends on the kind of directory and on the configuration: attribute names and filters. */
#ifndef DIR_PROFILE_H
#define DIR_PROFILE_H

#include <stdbool.h>

#include "conf.h"
#include "dir_entry.h"
#include "error.h"

/* Requested besides the mapped attributes, with the NULL at the end. */
#define DIR_PROFILE_EXTRA 6

/* OpenLDAP's operational attributes, which must be asked for by name */
#define DIR_MEMBER_OF "memberOf"
#define DIR_LOCKED_TIME "pwdAccountLockedTime"

struct dir_profile {
	bool is_ad;
	const char *attr[DIR_ATTR_COUNT]; /* names in this directory; borrowed */
	const char *request[DIR_ATTR_COUNT + DIR_PROFILE_EXTRA]; /* for a search, NULL-ended */
	const char *id;            /* attribute that numbers entries for good */
	const char *password_mark; /* attribute that each change of the password changes */
	const char *group_name;    /* attribute with the name of a group */
	/* Patterns, see dir_filter_expand; malloc'd. upn and mail are NULL when user_filter is
	 * configured: it then decides alone. mail is NULL for Active Directory, too. */
	char *user, *upn, *mail, *computer, *host;
};

/* Borrows strings of conf. GH_E_CONF names the option. */
int dir_profile_init(struct dir_profile *p, const struct gh_conf *conf,
    struct gh_error *err) GH_MUSTCHECK;
void dir_profile_clear(struct dir_profile *p);

#endif
