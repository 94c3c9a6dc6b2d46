/*
 * multipart/form-data (RFC 7578; RFC 2046, 5.1.1). Read strictly: what two readers could take apart
 * in two ways is refused. No preamble and no text behind the last boundary, CRLF only, no folded
 * lines, no transfer encoding of a part.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "form_private.h"

#define BOUNDARY_MAX 70  /* RFC 2046, 5.1.1 */
#define HEADERS_MAX 2048 /* bytes of the lines above one part */
#define TYPE_MAX 200

#define CRLF "\r\n"

static int
refuse(const char *why, struct gh_error *err)
{
	return gh_refuse(err, GH_E_BAD_REQUEST, "The form is malformed: %s.", why);
}

/* ---- parameters: ; name=token or name="quoted" ---- */

static bool
is_token(char c)
{
	return c > ' ' && c < 0x7f && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static void
skip_blanks(struct form_span *s)
{
	while (s->len > 0 && (*s->p == ' ' || *s->p == '\t')) {
		s->p++;
		s->len--;
	}
}

static struct form_span
take_token(struct form_span *s)
{
	struct form_span t = {s->p, 0};

	while (s->len > 0 && is_token(*s->p)) {
		s->p++;
		s->len--;
		t.len++;
	}
	return t;
}

/* The text between the quotes as it stands; a backslash keeps a quote from ending it. */
static bool
take_quoted(struct form_span *s, struct form_span *out)
{
	size_t i = 1;

	while (i < s->len && s->p[i] != '"')
		i += s->p[i] == '\\' && i + 1 < s->len && s->p[i + 1] == '"' ? 2 : 1;
	if (i >= s->len)
		return false;
	*out = (struct form_span){s->p + 1, i - 1};
	s->p += i + 1;
	s->len -= i + 1;
	return true;
}

/* The next parameter; false: it is none. */
static bool
take_parameter(struct form_span *s, struct form_span *name, struct form_span *value)
{
	skip_blanks(s);
	if (s->len == 0 || *s->p != ';')
		return false;
	s->p++;
	s->len--;
	skip_blanks(s);
	*name = take_token(s);
	skip_blanks(s);
	if (name->len == 0 || s->len == 0 || *s->p != '=')
		return false;
	s->p++;
	s->len--;
	skip_blanks(s);
	if (s->len > 0 && *s->p == '"')
		return take_quoted(s, value);
	*value = take_token(s);
	return value->len > 0;
}

static bool
is_word(struct form_span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.p, word, s.len) == 0;
}

/* *value.p is NULL when there is no parameter of this name. False: malformed, or twice. */
static bool
find_parameter(struct form_span list, const char *wanted, struct form_span *value)
{
	struct form_span name, found;

	*value = (struct form_span){0};
	while (list.len > 0) {
		if (!take_parameter(&list, &name, &found))
			return false;
		if (is_word(name, wanted)) {
			if (value->p != NULL)
				return false;
			*value = found;
		}
		skip_blanks(&list);
	}
	return true;
}

/* ---- the boundary ---- */

/* RFC 2046, 5.1.1: bchars. */
static bool
is_boundary(struct form_span b)
{
	if (b.len == 0 || b.len > BOUNDARY_MAX || b.p[b.len - 1] == ' ')
		return false;
	for (size_t i = 0; i < b.len; i++) {
		char c = b.p[i];

		if (c == '\0' ||
		    ((c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') &&
			strchr("'()+_,-./:=? ", c) == NULL))
			return false;
	}
	return true;
}

/* CRLF "--" boundary, as it stands behind a part; begin it at 2 for the first. */
struct delimiter {
	char text[4 + BOUNDARY_MAX];
	size_t len;
};

static int
read_boundary(const char *content_type, struct delimiter *d, struct gh_error *err)
{
	const char *list = strchr(content_type, ';');
	struct form_span boundary = {0};

	if (list == NULL ||
	    !find_parameter((struct form_span){list, strlen(list)}, "boundary", &boundary) ||
	    boundary.p == NULL || !is_boundary(boundary))
		return refuse("its type names no boundary", err);
	memcpy(d->text, CRLF "--", 4);
	memcpy(d->text + 4, boundary.p, boundary.len);
	d->len = 4 + boundary.len;
	return 0;
}

/* ---- the lines above a part ---- */

struct part {
	struct form_span name, file_name, type;
	bool is_form_data;
};

static int
take_disposition(struct part *part, struct form_span value, struct gh_error *err)
{
	struct form_span word = take_token(&value);

	if (part->is_form_data || !is_word(word, "form-data") ||
	    !find_parameter(value, "name", &part->name) ||
	    !find_parameter(value, "filename", &part->file_name) || part->name.p == NULL)
		return refuse("a part has no Content-Disposition of form-data with a name", err);
	part->is_form_data = true;
	return 0;
}

/* RFC 7578, 4.7: a part is as it is. What says otherwise would be taken for what it is not. */
static bool
is_identity(struct form_span encoding)
{
	return is_word(encoding, "7bit") || is_word(encoding, "8bit") ||
	    is_word(encoding, "binary");
}

static int
take_line(struct part *part, struct form_span line, struct gh_error *err)
{
	const char *colon = memchr(line.p, ':', line.len);
	struct form_span name = line, value;

	if (colon == NULL || memchr(line.p, '\0', line.len) != NULL ||
	    memchr(line.p, '\r', line.len) != NULL || memchr(line.p, '\n', line.len) != NULL)
		return refuse("a line above a part is none of a header", err);
	name.len = (size_t)(colon - line.p);
	value = (struct form_span){colon + 1, line.len - name.len - 1};
	skip_blanks(&value);
	if (is_word(name, "content-disposition"))
		return take_disposition(part, value, err);
	if (is_word(name, "content-transfer-encoding") && !is_identity(value))
		return refuse("a part has a transfer encoding", err);
	if (is_word(name, "content-type")) {
		if (value.len > TYPE_MAX)
			return refuse("the type of a part is too long", err);
		part->type = value;
	}
	return 0;
}

/* Up to the empty line; *s goes behind it. */
static int
take_headers(struct form_span *s, struct part *part, struct gh_error *err)
{
	const char *from = s->p;
	int rc = 0;

	memset(part, 0, sizeof(*part));
	while (rc == 0) {
		const char *end = memmem(s->p, s->len, CRLF, 2);
		struct form_span line = {s->p, end != NULL ? (size_t)(end - s->p) : 0};

		if (end == NULL || end - from > HEADERS_MAX)
			return refuse("the lines above a part do not end", err);
		s->p += line.len + 2;
		s->len -= line.len + 2;
		if (line.len == 0)
			break;
		rc = take_line(part, line, err);
	}
	if (rc == 0 && !part->is_form_data)
		rc = refuse("a part has no name", err);
	return rc;
}

/* ---- a part ---- */

/* Within quotes: \" is a quote. Other backslashes stand for themselves, as browsers send them. */
static char *
copy_quoted(struct form_span s)
{
	char *out = malloc(s.len + 1);
	size_t n = 0;

	for (size_t i = 0; out != NULL && i < s.len; i++) {
		if (s.p[i] == '\\' && i + 1 < s.len && s.p[i + 1] == '"')
			i++;
		out[n++] = s.p[i];
	}
	if (out != NULL)
		out[n] = '\0';
	return out;
}

static int
add_part(struct gh_form *form, const struct part *part, struct form_span value,
    struct gh_error *err)
{
	struct gh_form_field f = {.len = value.len, .value = form_copy(value.p, value.len)};
	char *name = copy_quoted(part->name);
	bool is_file = part->file_name.p != NULL;
	int rc;

	if (is_file)
		f.file_name = part->file_name.len <= GH_FORM_NAME_MAX ? copy_quoted(part->file_name)
								      : form_copy("file", 4);
	if (part->type.p != NULL)
		f.type = form_copy(part->type.p, part->type.len);
	if (f.value == NULL || name == NULL || (is_file && f.file_name == NULL) ||
	    (part->type.p != NULL && f.type == NULL)) {
		form_drop(&f);
		rc = gh_fail(err, GH_E_NOMEM, "form");
	} else
		rc = form_add(form, name, strlen(name), &f, err);
	free(name);
	return rc;
}

/* Behind a boundary: "--" ends the form, blanks and CRLF begin the next part. */
static int
take_boundary_end(struct form_span *s, bool *is_last, struct gh_error *err)
{
	*is_last = s->len >= 2 && memcmp(s->p, "--", 2) == 0;
	if (*is_last) {
		s->p += 2;
		s->len -= 2;
	}
	skip_blanks(s);
	if (*is_last && s->len == 0)
		return 0;
	if (s->len < 2 || memcmp(s->p, CRLF, 2) != 0 || (*is_last && s->len > 2))
		return refuse("there is something behind a boundary", err);
	s->p += 2;
	s->len -= 2;
	return 0;
}

int
form_parse_multipart(const char *content_type, struct form_span body, struct gh_form *form,
    struct gh_error *err)
{
	struct delimiter d = {0};
	bool is_last = false;
	int rc = read_boundary(content_type, &d, err);

	if (rc != 0)
		return rc;
	if (body.len < d.len - 2 || memcmp(body.p, d.text + 2, d.len - 2) != 0)
		return refuse("it does not begin with its boundary", err);
	body.p += d.len - 2;
	body.len -= d.len - 2;
	while ((rc = take_boundary_end(&body, &is_last, err)) == 0 && !is_last) {
		struct part part;
		const char *end;
		struct form_span value;

		if ((rc = take_headers(&body, &part, err)) != 0)
			break;
		if ((end = memmem(body.p, body.len, d.text, d.len)) == NULL)
			return refuse("it is cut off", err);
		value = (struct form_span){body.p, (size_t)(end - body.p)};
		body.p += value.len + d.len;
		body.len -= value.len + d.len;
		if ((rc = add_part(form, &part, value, err)) != 0)
			break;
	}
	return rc;
}
