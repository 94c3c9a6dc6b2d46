/* A CA as people read it. */
#ifndef AUTHORITY_CA_VIEW_H
#define AUTHORITY_CA_VIEW_H

#include "json.h"

/* Members (NULL at the end) of a row of store_ca_get: of "sealed" only whether the key is here, of
 * the policy no hash. NULL: out of memory. */
gh_json *ca_view(const gh_json *row, const char *const *members);

#endif
