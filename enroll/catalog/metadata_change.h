/* Values of a certificate after it was issued: what they become (docs/metadata.md). No I/O. */
#ifndef ENROLL_METADATA_CHANGE_H
#define ENROLL_METADATA_CHANGE_H

#include "metadata.h"

struct metadata_change {
	const struct metadata_field *field;
	size_t fields;
	bool is_officer; /* else who may set those fields alone that owners set */
	bool replaces;   /* fields that are not named lose their value, if he may set them */
	bool overwrites; /* also of those whose values want that said */
};

/*
 * old: the values that it has; NULL: none. values: object name -> value, where null and "" take a
 * value away. *out: all values as they are to be; *changes: array of {"field","old","new"}, null
 * for none; empty when nothing changes. A value that is named and stays needs no right. Values
 * whose field nobody defines any more stay. GH_E_FORBIDDEN: a field is not his; GH_E_METADATA names
 * the field, as metadata_check.
 */
int metadata_change(const struct metadata_change *c, const gh_json *old, const gh_json *values,
    gh_json **out, gh_json **changes, struct gh_error *err) GH_MUSTCHECK;

#endif
