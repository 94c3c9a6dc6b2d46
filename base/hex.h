/* Hexadecimal digits: the one reader and the one writer of them. */
#ifndef GH_HEX_H
#define GH_HEX_H

#include <stddef.h>

#include "error.h"

/* 0 to 15, either case. -1: no hex digit. */
int gh_hex_value(char c);

/* Upper case, malloc'd, NUL-terminated: serial numbers, thumbprints. NULL: no memory. */
char *gh_hex_encode(const void *p, size_t n);

/* The same into out (2 * n + 1 bytes), which is returned. Lower case: entity tags, request ids. */
char *gh_hex_upper(const void *p, size_t n, char *out);
char *gh_hex_lower(const void *p, size_t n, char *out);

/* Either case; an odd length is left-padded with 0 (as PowerShell clients do); white space, '-' and
 * ':' are refused. *out is malloc'd (also for length 0) and NULL after a failure. Returns 0 or
 * GH_E_BAD_REQUEST, GH_E_NOMEM. */
int gh_hex_decode(const char *text, size_t len, unsigned char **out, size_t *out_len,
    struct gh_error *err) GH_MUSTCHECK;

#endif
