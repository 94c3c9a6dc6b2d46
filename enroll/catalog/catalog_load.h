/* Rows of the database, as JSON, to the objects of the catalog. Used by catalog.c, and by
 * `gatehouse setup` for the templates that it has imported. */
#ifndef ENROLL_CATALOG_LOAD_H
#define ENROLL_CATALOG_LOAD_H

#include "catalog.h"

/* One row each; shapes as in store_load_catalog. Output untouched after a failure. */
int catalog_load_template(const gh_json *row, struct catalog_template *out,
    struct gh_error *err) GH_MUSTCHECK;
int catalog_load_app(const gh_json *row, const unsigned char server_secret[32], struct app **out,
    struct gh_error *err) GH_MUSTCHECK;
void catalog_app_free(struct app *app); /* wipes the secret; accepts NULL */

#endif
