/* Lines of CSV files (RFC 4180), but that no field has a line end in it. */
#ifndef CSV_LINE_H
#define CSV_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Unquotes the first field of s in place. *next: behind the comma; NULL: it was the last. false: a
 * quote is wrong. */
bool csv_line_field(char *s, char **field, char **next);
/* n bytes of a line, as getline has it: *text is it without its end and, of the first one, without
 * the mark of UTF-8. GH_E_VALIDATION: bytes that no text has, or too many. */
int csv_line_trim(char *line, size_t n, bool is_first, char **text,
    struct gh_error *err) GH_MUSTCHECK;

#endif
