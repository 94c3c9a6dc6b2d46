/* Members of a row that came out of the database as JSON, copied into C. The errors name the
 * member: GH_E_DB when it has another form, GH_E_NOMEM. Outputs are untouched after a failure, but
 * for lists, which are NULL. */
#ifndef GH_JSON_ROW_H
#define GH_JSON_ROW_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "json.h"

#define GH_JSON_LIST_MAX 1024 /* texts in one list of a row */

/* A text that must be there and not empty; malloc'd. */
int gh_json_row_text(const gh_json *row, const char *member, char **out,
    struct gh_error *err) GH_MUSTCHECK;
/* NULL-ended, for gh_json_row_texts_free. An absent or empty list gives NULL, or with keep_empty
 * one without elements. */
int gh_json_row_texts(const gh_json *row, const char *member, bool keep_empty, char ***out,
    struct gh_error *err) GH_MUSTCHECK;
void gh_json_row_texts_free(char **list); /* accepts NULL */
/* A value in base64; malloc'd. member: for the error. */
int gh_json_row_base64(const gh_json *value, const char *member, unsigned char **out, size_t *len,
    struct gh_error *err) GH_MUSTCHECK;

/* A row that cannot be read is logged and left out: one bad row must not stop the others. Lack of
 * memory is no fault of the row: GH_E_NOMEM. why: what its loader said; row: has a "name". */
int gh_json_row_leave_out(const char *kind, const gh_json *row, const struct gh_error *why,
    struct gh_error *err) GH_MUSTCHECK;

#endif
