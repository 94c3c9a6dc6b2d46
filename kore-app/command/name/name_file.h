/* A list of owners as CSV (RFC 4180): kind,pattern,owner,comment. */
#ifndef NAME_FILE_H
#define NAME_FILE_H

#include "name_groups.h"

/* Lines after which no more is told. */
#define NAME_FILE_ERRORS 20

/*
 * path: "-" is standard input. A first line "kind,pattern,owner,comment" is a heading; empty lines
 * are skipped; the comment may be missing. Each wrong line is told on standard error with its
 * number. GH_E_VALIDATION: some were wrong; GH_E_CONF: the file cannot be read.
 */
int name_file_read(const char *path, struct name_groups *out, struct gh_error *err) GH_MUSTCHECK;

#endif
