/* A search as the service account, with one retry on a new connection. */
#ifndef DIR_SEARCH_H
#define DIR_SEARCH_H

#include "dir.h"
#include "dir_shared.h"

/*
 * *res must be freed with ldap_msgfree; it belongs to d->service.ld and must be read before the
 * next search. At most q->limit entries (that there are more is no error; that the server gives
 * fewer is one). GH_E_NOT_IN_DIRECTORY: the base does not exist; GH_E_DIR_DOWN: everything else.
 */
int dir_search(struct dir *d, const struct dir_query *q, LDAPMessage **res,
    struct gh_error *err) GH_MUSTCHECK;

#endif
