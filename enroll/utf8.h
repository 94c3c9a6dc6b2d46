/*
 * Text that leaves us (JSON, database) must be UTF-8. Messages are built in fixed buffers, so that
 * their end can be cut inside a character.
 */
#ifndef ENROLL_UTF8_H
#define ENROLL_UTF8_H

#include <stdbool.h>

/* In place: cuts an incomplete character off the end and puts '?' for any other byte that is not
 * UTF-8 (RFC 3629) and for control characters. Returns s. */
char *enroll_utf8_clean(char *s);

/* Would enroll_utf8_clean leave it as it is? */
bool enroll_utf8_is_clean(const char *s);

#endif
