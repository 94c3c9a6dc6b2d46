/* Whole files, as the command reads them: bounded. Writing: durable_file.h of base/. */
#ifndef FILE_H
#define FILE_H

#include <stddef.h>

#include "error.h"
#include "json.h"

#define FILE_READ_MAX (1024 * 1024)      /* bytes of any file read */

/* *data malloc'd and NUL-terminated behind *len. GH_E_CONF names the file. "-" is standard input. */
int file_read(const char *path, char **data, size_t *len, struct gh_error *err) GH_MUSTCHECK;
int file_read_json(const char *path, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

#endif
