/* Fields of forms, and x-www-form-urlencoded. See form.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "form_private.h"
#include "percent.h"
#include "utf8.h"

#define URLENCODED "application/x-www-form-urlencoded"
#define MULTIPART "multipart/form-data"

static bool
is_type(const char *sent, const char *type)
{
	size_t n = strlen(type);

	return sent != NULL && strncasecmp(sent, type, n) == 0 && strchr("; \t", sent[n]) != NULL;
}

bool
gh_form_is_type(const char *content_type)
{
	return is_type(content_type, URLENCODED) || is_type(content_type, MULTIPART);
}

/* ---- the list ---- */

char *
form_copy(const char *p, size_t len)
{
	char *copy = malloc(len + 1);

	if (copy == NULL)
		return NULL;
	if (len > 0)
		memcpy(copy, p, len);
	copy[len] = '\0';
	return copy;
}

void
form_drop(struct gh_form_field *f)
{
	if (f->value != NULL)
		OPENSSL_cleanse(f->value, f->len);
	free(f->value);
	free(f->name);
	free(f->file_name);
	free(f->type);
	memset(f, 0, sizeof(*f));
}

static bool
is_name(const char *name, size_t len)
{
	if (len == 0 || len > GH_FORM_NAME_MAX || !gh_utf8_is_valid(name, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return false;
	return true;
}

/* Room for one more. The list doubles: 1, 2, 4, ... */
static int
grow(struct gh_form *form, struct gh_error *err)
{
	struct gh_form_field *more;

	if (form->n == GH_FORM_FIELDS_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST, "The form has more than %d fields.",
		    GH_FORM_FIELDS_MAX);
	if ((form->n & (form->n - 1)) != 0)
		return 0;
	more = reallocarray(form->field, form->n == 0 ? 1 : 2 * form->n, sizeof(*more));
	if (more == NULL)
		return gh_fail(err, GH_E_NOMEM, "form");
	form->field = more;
	return 0;
}

int
form_add(struct gh_form *form, const char *name, size_t name_len, struct gh_form_field *f,
    struct gh_error *err)
{
	int rc;

	if (!is_name(name, name_len))
		rc = gh_refuse(err, GH_E_BAD_REQUEST,
		    "The name of a field of the form is empty, too long or not text.");
	else if ((rc = grow(form, err)) == 0 && (f->name = form_copy(name, name_len)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "form");
	if (rc != 0) {
		form_drop(f);
		return rc;
	}
	f->is_text = memchr(f->value, '\0', f->len) == NULL && gh_utf8_is_valid(f->value, f->len);
	form->field[form->n++] = *f;
	memset(f, 0, sizeof(*f));
	return 0;
}

const struct gh_form_field *
gh_form_next(const struct gh_form *form, const char *name, const struct gh_form_field *after)
{
	for (size_t i = after != NULL ? (size_t)(after - form->field) + 1 : 0; i < form->n; i++)
		if (strcmp(form->field[i].name, name) == 0)
			return &form->field[i];
	return NULL;
}

const char *
gh_form_get(const struct gh_form *form, const char *name)
{
	const struct gh_form_field *f = gh_form_next(form, name, NULL);

	return f != NULL && f->is_text ? f->value : NULL;
}

void
gh_form_clear(struct gh_form *form)
{
	for (size_t i = 0; i < form->n; i++)
		form_drop(&form->field[i]);
	free(form->field);
	memset(form, 0, sizeof(*form));
}

/* ---- x-www-form-urlencoded ---- */

/* malloc'd; a blank may be sent as '+'. */
static int
decode(struct form_span text, char **out, size_t *out_len, struct gh_error *err)
{
	const char *p = text.p, *end = text.p + text.len;
	size_t n = 0;

	if ((*out = malloc(text.len + 1)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "form");
	while (p < end) {
		bool is_blank = *p == '+';
		int c = gh_percent_next(&p, end);

		if (c < 0) {
			OPENSSL_cleanse(*out, n);
			free(*out);
			*out = NULL;
			return gh_refuse(err, GH_E_BAD_REQUEST,
			    "The form is malformed: a '%%' without two hex digits behind it.");
		}
		(*out)[n++] = is_blank ? ' ' : (char)c;
	}
	(*out)[n] = '\0';
	*out_len = n;
	return 0;
}

/* name=value; without '=' the value is empty. */
static int
add_pair(struct gh_form *form, struct form_span pair, struct gh_error *err)
{
	const char *equals = memchr(pair.p, '=', pair.len);
	struct form_span name = {pair.p, equals != NULL ? (size_t)(equals - pair.p) : pair.len};
	struct form_span value = {equals != NULL ? equals + 1 : "",
	    equals != NULL ? pair.len - name.len - 1 : 0};
	struct gh_form_field f = {0};
	size_t name_len = 0;
	char *text = NULL;
	int rc = decode(name, &text, &name_len, err);

	if (rc == 0 && (rc = decode(value, &f.value, &f.len, err)) == 0)
		rc = form_add(form, text, name_len, &f, err);
	free(text);
	return rc;
}

static int
parse_urlencoded(struct form_span body, struct gh_form *form, struct gh_error *err)
{
	const char *p = body.p, *end = body.p + body.len;
	int rc = 0;

	while (rc == 0 && p < end) {
		const char *stop = memchr(p, '&', (size_t)(end - p));
		struct form_span pair = {p, (size_t)((stop != NULL ? stop : end) - p)};

		if (pair.len > 0)
			rc = add_pair(form, pair, err);
		p = stop != NULL ? stop + 1 : end;
	}
	return rc;
}

/* ---- both ---- */

int
gh_form_parse(const char *content_type, const unsigned char *body, size_t len, struct gh_form *out,
    struct gh_error *err)
{
	struct form_span all = {len > 0 ? (const char *)body : "", len};
	int rc;

	memset(out, 0, sizeof(*out));
	if (is_type(content_type, URLENCODED))
		rc = parse_urlencoded(all, out, err);
	else if (is_type(content_type, MULTIPART))
		rc = form_parse_multipart(content_type, all, out, err);
	else
		rc = gh_fail(err, GH_E_UNSUPPORTED_MEDIA, "no form: content type %.60s",
		    content_type != NULL ? content_type : "missing");
	if (rc != 0)
		gh_form_clear(out);
	return rc;
}
