/* Paths that a redirect may lead to. */
#ifndef OWN_PATH_H
#define OWN_PATH_H

#include <stdbool.h>
#include <stddef.h>

#define OWN_PATH_MAX 1024 /* bytes */

/* A path of ours with its query: "/", and then no second slash, since "//host" is another server,
 * no backslash, which browsers read as a slash, no control character, which they drop, and nothing
 * beyond ASCII. */
bool own_path_is(const char *path);

/* The value of `next` in a query, percent-decoded, if it is such a path; else "/". */
void own_path_next(const char *query, char out[OWN_PATH_MAX + 1]);
/* "/login?next=" and the path, encoded. false: no path of ours, or too long. */
#define OWN_PATH_LOGIN_SIZE (3 * OWN_PATH_MAX + 32)
bool own_path_login(const char *path, const char *query, char out[OWN_PATH_LOGIN_SIZE]);

#endif
