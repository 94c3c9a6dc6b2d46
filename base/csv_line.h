/* Lines of CSV files (RFC 4180), but that no field has a line end in it. */
#ifndef CSV_LINE_H
#define CSV_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "error.h"

#define CSV_LINE_MAX 8192 /* bytes of a line, without its end */
#define CSV_LINE_SIZE (CSV_LINE_MAX + 3)

/* The next line, as getline has it, in the memory of one: NULs take the place of a line that is too
 * long, which csv_line_trim refuses. -1: there is none, or ferror(in). */
ssize_t csv_line_read(FILE *in, char line[CSV_LINE_SIZE]);
/* Unquotes the first field of s in place. *next: behind the comma; NULL: it was the last. false: a
 * quote is wrong. */
bool csv_line_field(char *s, char **field, char **next);
/* n bytes of a line, as csv_line_read has it: *text is it without its end and, of the first one,
 * without the mark of UTF-8. GH_E_VALIDATION: bytes that no text has, or too many. */
int csv_line_trim(char *line, size_t n, bool is_first, char **text,
    struct gh_error *err) GH_MUSTCHECK;

#endif
