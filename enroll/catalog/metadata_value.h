/* One value of one metadata field. */
#ifndef ENROLL_METADATA_VALUE_H
#define ENROLL_METADATA_VALUE_H

#include "metadata.h"

/* Limits; bytes of UTF-8 unless said otherwise. */
#define METADATA_LIST_MAX 128 /* elements of a request's list */
#define METADATA_NAME_MAX 64
#define METADATA_STRING_MAX 400
#define METADATA_BIG_TEXT_MAX 4000
#define METADATA_EMAIL_MAX 254   /* RFC 5321, 4.5.3.1.3, less the angle brackets */
#define METADATA_OPTIONS_MAX 256 /* of a definition */

/* The typed value of a non-empty value, *out owned by the caller. GH_E_METADATA names the field. */
int metadata_value(const struct metadata_field *f, const gh_json *value, gh_json **out,
    struct gh_error *err) GH_MUSTCHECK;

#endif
