/* Behind dir_authenticate of dir.h. */
#ifndef DIR_AUTHENTICATE_H
#define DIR_AUTHENTICATE_H

#include <stdbool.h>

#include "dir.h"
#include "dir_shared.h"

/* Successful binds, kept in dir_shared.binds. */
extern const struct dir_cache_type dir_authenticate_marks;

#endif
