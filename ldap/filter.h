/* Search filters (RFC 4515). The only place where values are escaped. */
#ifndef DIR_FILTER_H
#define DIR_FILTER_H

#include <stddef.h>

#include "buf.h"
#include "error.h"

#define DIR_FILTER_MAX (1024 * 1024) /* bytes: 50 long DNs, each escaped, twice */

/* "(attr=value)", the value escaped. A failure is remembered by the buffer. */
void dir_filter_equal(struct gh_buf *b, const char *attr, const void *p, size_t n);

/* A pattern of the configuration: %s becomes s, %u becomes u, both escaped; %% is a percent
 * sign. */
void dir_filter_expand(struct gh_buf *b, const char *pattern, const char *s, const char *u);

/* 0, or GH_E_CONF when the pattern is no "(...)" with %s or %u in it, or holds another %. option:
 * its name, for the message. */
int dir_filter_check(const char *pattern, const char *option, struct gh_error *err) GH_MUSTCHECK;

#endif
