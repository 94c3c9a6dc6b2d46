/*
 * What a form of HTML sends: application/x-www-form-urlencoded (URL Standard, 5.1) and
 * multipart/form-data (RFC 7578). Both are read into the same list of fields, in the order of the
 * body. Values may be bytes (uploaded files) and may be secrets: they are wiped.
 */
#ifndef GH_FORM_H
#define GH_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define GH_FORM_FIELDS_MAX 1000 /* of a bulk change: two for each metadata field */
#define GH_FORM_NAME_MAX 200    /* bytes of a field's name, and of a file's */

struct gh_form_field {
	char *name;      /* UTF-8 without control characters, not empty */
	char *file_name; /* as the client says, for people only; "": no file was chosen; NULL: the
			  * field is none of a file */
	char *type;      /* media type of the part as sent; NULL: none */
	char *value;     /* a NUL stands behind its len bytes */
	size_t len;
	bool is_text; /* the value is UTF-8 without NUL: what stands before its NUL is all of it */
};

struct gh_form {
	struct gh_form_field *field;
	size_t n;
};

/* One of the two types, with or without parameters. NULL is not. */
bool gh_form_is_type(const char *content_type);

/*
 * Read a body; *out is empty after a failure. GH_E_UNSUPPORTED_MEDIA: none of the two types.
 * GH_E_BAD_REQUEST: malformed, cut off, more fields or longer names than the limits above.
 * GH_E_NOMEM.
 */
int gh_form_parse(const char *content_type, const unsigned char *body, size_t len,
    struct gh_form *out, struct gh_error *err) GH_MUSTCHECK;

/* The next field of this name behind the field after; after NULL: the first. NULL: no more.
 * Borrowed. */
const struct gh_form_field *gh_form_next(const struct gh_form *form, const char *name,
    const struct gh_form_field *after);
/* The text of the first field of this name; NULL: there is none, or it is no text. Borrowed. */
const char *gh_form_get(const struct gh_form *form, const char *name);

/* Wipes the values and frees all; accepts a zeroed one, and leaves it so. */
void gh_form_clear(struct gh_form *form);

#endif
