/* Attribute values of distinguished names, prepared for comparison: RFC 5280, 7.1 and RFC 4518. */
#ifndef GH_NAME_PREP_H
#define GH_NAME_PREP_H

#include <stddef.h>

#include "buf.h"

#define GH_NAME_PREP_MAX 8192 /* bytes of a value, and characters after preparation */

/*
 * Append the prepared form of a value (UTF-8) to out, as UTF-8: characters that are not seen are
 * removed, compatibility characters decomposed, case folded, combining marks put in order, blanks
 * at the ends removed and inner runs of them made one, backslashes removed. Two values that any
 * relying party known to us takes for the same have one form. The reverse does not hold: the form
 * is for refusing a name, or finding one, and never for printing it. GH_E_SUBJECT: not UTF-8,
 * longer than GH_NAME_PREP_MAX, or with "=" and a comma or plus sign that is not the one of ASCII:
 * Java can take such a value for several attributes.
 */
int gh_name_prep(const void *utf8, size_t len, struct gh_buf *out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
