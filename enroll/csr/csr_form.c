/* Fields of a form as JSON. See csr_form.h. */
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "formats/pkcs10.h"

#include "csr_form.h"

#define FILE_MAX (4 * CA_PKCS10_DER_MAX) /* bytes of what may be a request; more is too large */

struct reading {
	gh_json *out;
	struct rest_fields *fields;
	struct gh_error *err;
};

static int
no_memory(struct reading *r)
{
	return gh_fail(r->err, GH_E_NOMEM, "form");
}

/* Nothing that is there is written over: whoever sends a field twice would be asked which one. */
static int
set_once(struct reading *r, gh_json *o, const char *member, const char *field, gh_json *value)
{
	if (value != NULL && gh_json_get(o, member) != NULL) {
		gh_json_free(value);
		rest_field_wrong_as(r->fields, field, "twice", NULL,
		    "The field %.60s is there twice.", field);
		return 0;
	}
	return gh_json_set(o, member, value) == 0 ? 0 : no_memory(r);
}

/* ---- csr_data ---- */

static int
take_csr(struct reading *r, const struct gh_form_field *f)
{
	char *text = NULL, most[12];
	int rc;

	if (f->len == 0)
		return 0;
	if (gh_json_get(r->out, "csr_data") != NULL) {
		rest_field_wrong_as(r->fields, "csr_data", "file_and_text", NULL,
		    "Give the certificate request once: a file, or its text.");
		return 0;
	}
	if (f->len > FILE_MAX) {
		snprintf(most, sizeof(most), "%d", CA_PKCS10_DER_MAX);
		rest_field_wrong_as(r->fields, "csr_data", "large_request", most,
		    "The certificate request is larger than %s bytes.", most);
		return 0;
	}
	if (f->is_text)
		return set_once(r, r->out, "csr_data", f->name, gh_json_new_string(f->value));
	if ((text = gh_base64_encode(f->value, f->len, GH_BASE64_ONE_LINE)) == NULL)
		return no_memory(r);
	rc = set_once(r, r->out, "csr_data", f->name, gh_json_new_string(text));
	free(text);
	return rc;
}

/* ---- lists and objects ---- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Each line that is not empty. */
static int
take_lines(struct reading *r, const struct gh_form_field *f)
{
	gh_json *list = gh_json_get(r->out, f->name);
	const char *p = f->value;

	if (list == NULL) {
		if (gh_json_set(r->out, f->name, gh_json_new_array()) != 0)
			return no_memory(r);
		list = gh_json_get(r->out, f->name);
	}
	while (*p != '\0') {
		size_t n = strcspn(p, "\n"), end = n, from = 0;
		char *line;

		while (from < end && is_blank(p[from]))
			from++;
		while (end > from && is_blank(p[end - 1]))
			end--;
		if (end > from) {
			if ((line = strndup(p + from, end - from)) == NULL)
				return no_memory(r);
			if (gh_json_append(list, gh_json_new_string(line)) != 0) {
				free(line);
				return no_memory(r);
			}
			free(line);
		}
		p += n;
		p += *p == '\n';
	}
	return 0;
}

static gh_json *
metadata_of(struct reading *r)
{
	gh_json *o = gh_json_get(r->out, "metadata");

	if (o == NULL && gh_json_set(r->out, "metadata", gh_json_new_object()) == 0)
		o = gh_json_get(r->out, "metadata");
	return o;
}

/* All of it at once, as scripts send it. */
static int
take_metadata(struct reading *r, const struct gh_form_field *f)
{
	gh_json *o = NULL;
	int rc = gh_json_parse(f->value, f->len, GH_JSON_STRICT, &o, NULL);

	if (rc == GH_E_NOMEM)
		return no_memory(r);
	if (rc == 0 && gh_json_type(o) == GH_JSON_OBJECT)
		return set_once(r, r->out, "metadata", f->name, o);
	gh_json_free(o);
	rest_field_wrong_as(r->fields, "metadata", "object", NULL,
	    "The field metadata must be a JSON object.");
	return 0;
}

/* ---- fields ---- */

static bool
is_plain(const char *name)
{
	static const char *const names[] = {"common_name", "validity_days", "ca_id",
	    "purpose_category", "template", "tenant_id", "email", "language", "approval_password",
	    "form_token"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool
is_passed_over(const char *name)
{
	return strcmp(name, "csrf") == 0 || strcmp(name, "action") == 0;
}

static int
take_field(struct reading *r, const struct gh_form_field *f)
{
	const char *part = f->name + strlen(CSR_METADATA);
	bool is_metadata =
	    strncmp(f->name, CSR_METADATA, strlen(CSR_METADATA)) == 0 && *part != '\0';

	if (strcmp(f->name, "csr_data") == 0 || strcmp(f->name, "csr_file") == 0)
		return take_csr(r, f);
	if (is_passed_over(f->name))
		return 0;
	if (!is_metadata && !is_plain(f->name) && strcmp(f->name, "sans") != 0 &&
	    strcmp(f->name, "metadata") != 0) {
		rest_field_wrong_as(r->fields, f->name, "unknown_field", f->name,
		    "There is no field %.60s.", f->name);
		return 0;
	}
	if (!f->is_text) {
		rest_field_wrong_as(r->fields, f->name, "not_utf8", NULL,
		    "The field %.60s must be text (UTF-8).", f->name);
		return 0;
	}
	if (f->len == 0)
		return 0;
	if (strcmp(f->name, "sans") == 0)
		return take_lines(r, f);
	if (strcmp(f->name, "metadata") == 0)
		return take_metadata(r, f);
	if (is_metadata)
		return set_once(r, metadata_of(r), part, f->name, gh_json_new_string(f->value));
	return set_once(r, r->out, f->name, f->name, gh_json_new_string(f->value));
}

int
csr_form_read(const struct gh_form *form, struct rest_fields *fields, gh_json **out,
    struct gh_error *err)
{
	struct reading r = {.out = gh_json_new_object(), .fields = fields, .err = err};
	int rc = r.out != NULL ? 0 : no_memory(&r);

	for (size_t i = 0; rc == 0 && i < form->n; i++)
		rc = take_field(&r, &form->field[i]);
	if (rc != 0) {
		gh_json_free(r.out);
		r.out = NULL;
	}
	*out = r.out;
	return rc;
}
