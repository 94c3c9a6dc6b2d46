/* For whom a package is: "all", "group:NAME", or one client, as "user:NAME" (of the directory: as
 * recorded, "EXAMPLE\\alice", or DN, or UUID of the entry), "est-user:NAME", or "device:SUBJECT"
 * (of a certificate of ours) or "device:HEX" (its id as base/requester.h has it). */
#ifndef PACKAGE_AUDIENCE_H
#define PACKAGE_AUDIENCE_H

#include "error.h"

/* GH_E_BAD_REQUEST (public): it is none of them. */
int package_audience_check(const char *text, struct gh_error *err) GH_MUSTCHECK;

#endif
