/* The device table as a CSV file. docs/est-devices.md */
#ifndef EST_DEVICE_FILE_H
#define EST_DEVICE_FILE_H

#include "error.h"
#include "json.h"

/* A member of a row as people write it: "yes", "2027-01-31"; "" is null. GH_E_CONF (public). */
int est_device_member(gh_json *row, const char *name, const char *text,
    struct gh_error *err) GH_MUSTCHECK;
/*
 * The rows of a file, "-": standard input, read line by line. Each wrong line is told on standard
 * error with its number; *wrong: how many. skips: they are left out; else GH_E_VALIDATION. *out is
 * the caller's.
 */
int est_device_file_read(const char *path, bool skips, gh_json **out, size_t *wrong,
    struct gh_error *err) GH_MUSTCHECK;

#endif
