/*
 * Forms. The first byte says which type: 0 x-www-form-urlencoded, 1 multipart with the boundary
 * "b", else multipart with a boundary that stands before the first line feed. What is read keeps
 * the promises of form.h.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"
#include "utf8.h"

static void
check_field(const struct gh_form *form, const struct gh_form_field *f)
{
	const struct gh_form_field *next = NULL;
	bool is_found = false;

	if (f->name == NULL || *f->name == '\0' || strlen(f->name) > GH_FORM_NAME_MAX ||
	    !gh_utf8_is_clean(f->name) || f->value == NULL || f->value[f->len] != '\0')
		abort();
	if (f->is_text && (strlen(f->value) != f->len || !gh_utf8_is_valid(f->value, f->len)))
		abort();
	if (f->file_name != NULL && strlen(f->file_name) > GH_FORM_NAME_MAX)
		abort();
	while ((next = gh_form_next(form, f->name, next)) != NULL)
		is_found |= next == f;
	if (!is_found)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char type[300] = "application/x-www-form-urlencoded";
	struct gh_form form;
	struct gh_error err = {0};
	const uint8_t *line;
	uint8_t kind;

	if (size == 0)
		return 0;
	kind = *data++;
	size--;
	if (kind == 1)
		snprintf(type, sizeof(type), "multipart/form-data; boundary=b");
	else if (kind > 1) {
		if ((line = memchr(data, '\n', size)) == NULL || line - data > 200)
			return 0;
		snprintf(type, sizeof(type), "multipart/form-data; boundary=%.*s",
		    (int)(line - data), (const char *)data);
		size -= (size_t)(line - data) + 1;
		data = line + 1;
	}
	if (gh_form_parse(type, data, size, &form, &err) == 0) {
		if (form.n > GH_FORM_FIELDS_MAX)
			abort();
		for (size_t i = 0; i < form.n; i++)
			check_field(&form, &form.field[i]);
	} else if (form.field != NULL || form.n != 0 || err.code == GH_OK)
		abort();
	gh_form_clear(&form);
	return 0;
}
