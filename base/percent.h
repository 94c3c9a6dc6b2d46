/* Percent-encoding (RFC 3986, 2.1). */
#ifndef GH_PERCENT_H
#define GH_PERCENT_H

#include <stddef.h>

/* The byte at *text (which is before end), decoded: 0 to 255; *text moves behind it. -1: a '%'
 * without two hex digits behind it; *text stays. '+' is itself: forms read it as a blank, paths do
 * not. */
int gh_percent_next(const char **text, const char *end);

/* A value of a query, n bytes; '+' is a blank. malloc'd; NULL: malformed, control characters, not
 * UTF-8, or out of memory. */
char *gh_percent_value(const char *s, size_t n);

#endif
