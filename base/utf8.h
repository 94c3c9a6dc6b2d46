/* UTF-8, RFC 3629. */
#ifndef GH_UTF8_H
#define GH_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* For text that ends with a NUL: no byte behind it is looked at. */
#define GH_UTF8_TO_NUL SIZE_MAX

/* Bytes of the character at s, of which left bytes are there: 1 to 4. 0 when it is none: cut off,
 * not in its shortest form, a surrogate, beyond U+10FFFF. *code: its code point; may be NULL. */
size_t gh_utf8_char(const void *s, size_t left, uint32_t *code);
/*
 * Characters that steer what shows them instead of being shown: controls (C0, DEL, and C1: for some
 * terminals U+009B is ESC [), the ends of lines and paragraphs U+2028 and U+2029, and those that
 * turn the direction of writing, so that a text reads as another one (U+202A to U+202E, U+2066 to
 * U+2069). Text from outside goes without them to terminals and into logs.
 */
bool gh_utf8_is_control(uint32_t code);
/* Append a character, up to U+10FFFF. */
void gh_utf8_put(struct gh_buf *b, uint32_t code);

/* Are these bytes whole characters, one behind the other? The empty text is. */
bool gh_utf8_is_valid(const void *s, size_t len);
/* Characters of a UTF-8 text. In other text, each byte that continues nothing counts, too. */
size_t gh_utf8_length(const char *s, size_t len);
/* Bytes of the longest beginning that has at most max bytes and ends with no part of a character.
 */
size_t gh_utf8_cut(const void *s, size_t len, size_t max);

/*
 * Text that leaves us (JSON, database) must be UTF-8. Messages are built in fixed buffers, so that
 * their end can be cut inside a character. In place: cuts an incomplete character off the end and
 * puts '?' for any other byte that is not UTF-8 and for control characters of ASCII. Returns s.
 */
char *gh_utf8_clean(char *s);
/* Would gh_utf8_clean leave it as it is? */
bool gh_utf8_is_clean(const char *s);

#endif
