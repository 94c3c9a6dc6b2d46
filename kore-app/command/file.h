/* Whole files, as the command reads them: bounded. Writing: durable_file.h of base/. */
#ifndef FILE_H
#define FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "json.h"

#define FILE_READ_MAX (1024 * 1024) /* bytes of any file read */

/* *data malloc'd and NUL-terminated behind *len. GH_E_CONF names the file. "-" is standard
 * input. */
int file_read(const char *path, char **data, size_t *len, struct gh_error *err) GH_MUSTCHECK;
/* The same of a longer one, at most max bytes. */
int file_read_long(const char *path, size_t max, char **data, size_t *len,
    struct gh_error *err) GH_MUSTCHECK;
/* The same of what is open. */
int file_read_fd(int fd, const char *path, size_t max, char **data, size_t *len,
    struct gh_error *err) GH_MUSTCHECK;
int file_read_json(const char *path, gh_json **out, struct gh_error *err) GH_MUSTCHECK;

/* Change owner, group and mode of a file or folder that root has made. No link is followed, and a
 * file that has a second name is refused: in a folder of another user, either could be somebody
 * else's file by now. GH_E_CONF names it. */
int file_give(const char *path, uid_t owner, gid_t group, mode_t mode,
    struct gh_error *err) GH_MUSTCHECK;

#endif
