/* From a directory entry to the requester of a call. */
#ifndef AUTH_ENTRY_H
#define AUTH_ENTRY_H

#include "auth.h"

/* Fill out->requester (kind, canonical name, dn, id, roles by group) and out->entry. Takes over the
 * reference of e, also after a failure. GH_E_ACCOUNT_DISABLED; GH_E_AUTH_FAILED: a DN or account
 * name too long to be recorded. */
int auth_entry_accept(const struct worker_env *env, struct dir_entry *e, struct auth_result *out,
    struct gh_error *err) GH_MUSTCHECK;

/* What his groups give counts no more: his roles, and what is shown to them. */
void auth_entry_drop_groups(struct requester *who);

#endif
