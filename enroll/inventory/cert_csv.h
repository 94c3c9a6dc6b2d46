/* Certificates of a search as lines of CSV (RFC 4180). */
#ifndef ENROLL_CERT_CSV_H
#define ENROLL_CERT_CSV_H

#include "buf.h"

#include "cert_member.h"

/* The names of the members. Failures are remembered in b. */
void cert_csv_head(struct gh_buf *b, const struct cert_members *m);
/* A certificate. Names are what others chose: a cell that a spreadsheet would take for a formula
 * begins with an apostrophe (OWASP, CSV injection). Lists are joined with "; ", objects are
 * JSON. */
void cert_csv_line(struct gh_buf *b, const struct cert_members *m, const gh_json *entry);

#endif
