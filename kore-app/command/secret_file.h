/* The secrets that `gatehouse init` makes: 32 random bytes as 64 hex digits. */
#ifndef SECRET_FILE_H
#define SECRET_FILE_H

#include <stdbool.h>

#include "error.h"

/* Is there a file? A damaged one is GH_E_CONF. */
int secret_file_exists(const char *path, bool *exists, struct gh_error *err) GH_MUSTCHECK;
/* For user, when we are root and user is not "": its own, mode 0600, or root's, readable by its
 * group, mode 0640. Else ours, 0600. Never overwrites: GH_E_CONFLICT. */
int secret_file_create(const char *path, const char *user, bool is_own,
    struct gh_error *err) GH_MUSTCHECK;

#endif
