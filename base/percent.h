/* Percent-encoding (RFC 3986, 2.1). */
#ifndef GH_PERCENT_H
#define GH_PERCENT_H

/* The byte at *text (which is before end), decoded: 0 to 255; *text moves behind it. -1: a '%'
 * without two hex digits behind it; *text stays. '+' is itself: forms read it as a blank, paths do
 * not. */
int gh_percent_next(const char **text, const char *end);

#endif
