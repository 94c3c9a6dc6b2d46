/* What a MAC of row_seal.h is over, where no table of grant_table.h says it. All set_ functions
 * return 0, or another value when there is no memory: results may be or'ed. */
#ifndef STORE_ROW_CONTENT_H
#define STORE_ROW_CONTENT_H

#include "row_seal.h"
#include "store/store_private.h"

int row_content_set_requester(gh_json *v, const struct requester *who);
/* Base64; null when n is 0. */
int row_content_set_bytes(gh_json *v, const char *name, const unsigned char *p, size_t n);

/* Releases v. bad: of the functions above and of gh_json_set_*. GH_E_NOMEM, GH_E_INTERNAL. */
int row_content_seal(const struct store *s, const char *table, int64_t id, gh_json *v, int bad,
    unsigned char out[ROW_SEAL_SIZE], struct gh_error *err) GH_MUSTCHECK;

#endif
