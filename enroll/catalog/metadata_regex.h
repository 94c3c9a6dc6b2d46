/* Patterns of metadata fields: POSIX extended expressions that cannot be made to cost much. */
#ifndef ENROLL_METADATA_REGEX_H
#define ENROLL_METADATA_REGEX_H

#include <stdbool.h>

#define METADATA_REGEX_MAX 512 /* bytes */
/* Characters that a pattern stands for when its bounds are written out: a{3} is aaa. The memory
 * that the C library takes grows with the square of it: 30 MB for 1000. */
#define METADATA_REGEX_POSITIONS_MAX 1000

/* Is it one, without back references (whose matching takes exponential time), of that size? Looks
 * at the size before the C library is asked. */
bool metadata_regex_is_usable(const char *pattern);

#endif
