/* The file of the operator's list (scan_target.h). */
#ifndef SCAN_LIST_H
#define SCAN_LIST_H

#include "scan_target.h"

#define SCAN_LIST_MAX ((size_t)16 * 1024 * 1024) /* bytes */

/* The list in a file that belongs to root or to who reads it, and in which nobody else may write.
 * *text is malloc'd. GH_E_CONF: it cannot be read, or others could have written it, or the line
 * that is wrong. scan_targets_clear in any case. */
int scan_list_read(const char *path, char **text, struct scan_targets *targets,
    struct gh_error *err) GH_MUSTCHECK;

#endif
