/* Whole files in and out, as the command needs them: bounded, and written so that a crash leaves either
 * nothing or all. */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "json.h"

#define FILE_READ_MAX (1024 * 1024)      /* bytes of any file read */

/* *data malloc'd and NUL-terminated behind *len. GH_E_CONF names the file. "-" is standard input. */
int file_read(const char *path, char **data, size_t *len, struct gh_error *err) GH_MUSTCHECK;
int file_read_json(const char *path, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

/* Write under a temporary name, sync, then give it its name. replace false: GH_E_CONFLICT when there is such
 * a file already, which is then untouched. */
int file_write(const char *path, const void *data, size_t len, mode_t mode, bool replace,
    struct gh_error *err) GH_MUSTCHECK;

#endif
