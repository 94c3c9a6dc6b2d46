/* UTF-8, RFC 3629. */
#ifndef GH_UNICODE_H
#define GH_UNICODE_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* For text that ends with a NUL: no byte behind it is looked at. */
#define GH_UTF8_TO_NUL SIZE_MAX

/* Bytes of the character at s, of which left bytes are there: 1 to 4. 0 when it is none: cut off,
 * not in its shortest form, a surrogate, beyond U+10FFFF. *code: its code point; may be NULL. */
size_t gh_utf8_char(const void *s, size_t left, uint32_t *code);
/* Append a character, up to U+10FFFF. */
void gh_utf8_put(struct gh_buf *b, uint32_t code);

#endif
