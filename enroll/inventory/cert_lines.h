/* Certificates of a search as lines of a file, a part of any length at a time. */
#ifndef ENROLL_CERT_LINES_H
#define ENROLL_CERT_LINES_H

#include "buf.h"

#include "cert_member.h"

enum cert_lines {
	CERT_NO_LINES,
	CERT_CSV,  /* RFC 4180, as cert_csv.h */
	CERT_JSONL /* an object on each line */
};

/* What stands before the first certificate. Failures are remembered in b. */
void cert_lines_head(struct gh_buf *b, enum cert_lines kind, const struct cert_members *m);
/* A line for each of *entries, whose members are chosen (cert_members_choose). GH_E_NOMEM. */
int cert_lines_put(struct gh_buf *b, enum cert_lines kind, const struct cert_members *m,
    gh_json **entries, struct gh_error *err) GH_MUSTCHECK;

#endif
