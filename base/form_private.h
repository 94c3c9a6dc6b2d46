/* Between the files of form.h. */
#ifndef GH_FORM_PRIVATE_H
#define GH_FORM_PRIVATE_H

#include "form.h"

/* A piece of the body. */
struct form_span {
	const char *p;
	size_t len;
};

/* Append a field of this name, which is copied. Value, len, file_name and type are in *f; they are
 * taken over, also after a failure. */
int form_add(struct gh_form *form, const char *name, size_t name_len, struct gh_form_field *f,
    struct gh_error *err) GH_MUSTCHECK;
/* Wipe and free what *f has. */
void form_drop(struct gh_form_field *f);
/* A copy with a NUL behind it; NULL when out of memory. */
char *form_copy(const char *p, size_t len);
/* multipart/form-data; content_type with its parameters. */
int form_parse_multipart(const char *content_type, struct form_span body, struct gh_form *form,
    struct gh_error *err) GH_MUSTCHECK;

#endif
