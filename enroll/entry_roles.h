/* Which roles an entry of the directory has, by its groups. */
#ifndef ENROLL_ENTRY_ROLES_H
#define ENROLL_ENTRY_ROLES_H

#include "conf.h"
#include "dir.h"

/* REQUESTER_ROLE_*, as the section roles of the configuration says. */
unsigned entry_roles(const struct gh_conf *conf, const struct dir_entry *e);

#endif
