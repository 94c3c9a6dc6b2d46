/* Patterns of metadata fields: Perl-compatible expressions (pcre2pattern(3)), near to those of .NET
 * that Keyfactor has. What a comparison may cost is bounded, whatever pattern and value are. */
#ifndef ENROLL_METADATA_REGEX_H
#define ENROLL_METADATA_REGEX_H

#include "error.h"

#define METADATA_REGEX_MAX 512 /* bytes */

/* Is it one? GH_E_METADATA says where it is not; GH_E_NOMEM. */
int metadata_regex_check(const char *pattern, struct gh_error *err);

enum metadata_match {
	METADATA_MATCHES, /* somewhere in the text, where the pattern has no anchors */
	METADATA_DIFFERS,
	METADATA_COSTLY /* not known: some hundredths of a second or 8 MiB were not enough */
};

/* text: UTF-8. GH_E_INTERNAL: metadata_regex_check would refuse the pattern; GH_E_NOMEM. */
int metadata_regex_match(const char *pattern, const char *text, enum metadata_match *out,
    struct gh_error *err);

#endif
