/* JSON written out at once, where building it first costs more than the rest of the answer. */
#ifndef GH_JSON_WRITE_H
#define GH_JSON_WRITE_H

#include "buf.h"

/* A string (RFC 8259, 7) as gh_json_print writes it: '/' and UTF-8 unescaped. What is not UTF-8
 * fails the buffer. */
void gh_json_put_string(struct gh_buf *b, const char *s);

#endif
