/*
 * For whom a package is: "all", "group:NAME", or one client, as "user:NAME" (of the directory: as
 * recorded, "EXAMPLE\\alice", or DN, or UUID of the entry), "est-user:NAME", "device:LABEL/SUBJECT"
 * (of a certificate of ours, and the label of EST that it came by) or "device:HEX" (its id as
 * base/requester.h has it).
 */
#ifndef PACKAGE_AUDIENCE_H
#define PACKAGE_AUDIENCE_H

#include <stdbool.h>

#include "error.h"

/* GH_E_BAD_REQUEST (public): it is none of them. */
int package_audience_check(const char *text, struct gh_error *err) GH_MUSTCHECK;
/* "device:SUBJECT" of rows from before labels were named: a subject alone is nobody's, so nobody
 * gets it. */
bool package_audience_is_unbound(const char *text);

#endif
