/* CAs as the database has them. */
#ifndef ISSUING_CA_LOAD_H
#define ISSUING_CA_LOAD_H

#include "ca.h"
#include "error.h"
#include "json.h"

/* row: as in store_load_catalog or store_ca_get, a CA in any state; a pending one has no
 * certificate. *out for ca_free, untouched after a failure. GH_E_DB: the row is wrong. */
int ca_load(const gh_json *row, struct ca **out, struct gh_error *err) GH_MUSTCHECK;

#endif
