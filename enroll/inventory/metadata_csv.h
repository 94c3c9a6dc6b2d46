/* A file of metadata for certificates: a line for each (docs/metadata.md, "From a file"). */
#ifndef ENROLL_METADATA_CSV_H
#define ENROLL_METADATA_CSV_H

#include "catalog/metadata.h"

#define METADATA_CSV_COLUMNS_MAX 136 /* all fields of a request, and what names a certificate */

/*
 * text: n bytes and NUL, which are changed. The first line names the columns: id, thumbprint, or
 * serial (and issuer), and fields, also as "Metadata.NAME". *lines: [{"n": line, "key": {...},
 * "given": {...}}], for metadata_run_start; a line that cannot be read has "outcome" and "detail"
 * in their place. takes_away: an empty cell takes the value away, else it leaves it as it is.
 * GH_E_BAD_REQUEST: the first line is wrong, or there are too many.
 */
int metadata_csv_read(const struct metadata_field *fields, size_t fields_n, char *text, size_t n,
    bool takes_away, gh_json **lines, struct gh_error *err) GH_MUSTCHECK;

#endif
