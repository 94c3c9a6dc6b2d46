/* Writing a whole file so that a crash leaves either nothing or all of it. */
#ifndef GH_DURABLE_FILE_H
#define GH_DURABLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"

/* Write under a temporary name in the same folder, sync, then give it its name. Owned by who runs
 * the process. replace false: GH_E_CONFLICT when there is such a file already, which is then
 * untouched. GH_E_CONF names the file. */
int gh_file_write(const char *path, const void *data, size_t len, mode_t mode, bool replace,
    struct gh_error *err) GH_MUSTCHECK;

#endif
