/* Rows of the list of owners, as JSON, to the value that templates ask. Used by catalog.c only. */
#ifndef ENROLL_NAME_LIST_H
#define ENROLL_NAME_LIST_H

#include "json.h"
#include "name_owners.h"

/* rows: of store_load_catalog. Names that cannot be read are left out and logged: they give nobody
 * anything. GH_E_NOMEM; GH_E_DB: more names than the list may have. */
int name_list_load(const gh_json *rows, struct name_owners **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
