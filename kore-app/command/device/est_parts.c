/* See est_parts.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "est_parts.h"

#define BOUNDARY_MAX 70 /* characters (RFC 2046, 5.1.1) */

/* "--" and the boundary of the Content-Type. */
static int
find_boundary(const char *type, char out[BOUNDARY_MAX + 3], struct gh_error *err)
{
	const char *p = strcasestr(type, "boundary="), *end;
	size_t n;

	if (strncasecmp(type, "multipart/", 10) != 0 || p == NULL)
		return gh_refuse(err, GH_E_BAD_REQUEST,
		    "the answer is no multipart, but \"%.100s\"", type);
	p += strlen("boundary=");
	end = *p == '"' ? strchr(++p, '"') : p + strcspn(p, "; \t");
	n = end != NULL ? (size_t)(end - p) : 0;
	if (n == 0 || n > BOUNDARY_MAX)
		return gh_refuse(err, GH_E_BAD_REQUEST, "the answer has no usable boundary");
	snprintf(out, BOUNDARY_MAX + 3, "--%.*s", (int)n, p);
	return 0;
}

/* The next line that begins with the boundary. */
static const char *
find_line(const char *from, const char *end, const char *boundary)
{
	size_t n = strlen(boundary);

	for (const char *p = from; p != NULL && (size_t)(end - p) >= n;) {
		if (memcmp(p, boundary, n) == 0)
			return p;
		p = memchr(p, '\n', (size_t)(end - p));
		p = p != NULL ? p + 1 : NULL;
	}
	return NULL;
}

/* Headers up to an empty line; what is behind it is the text. */
static bool
take_part(const char *p, const char *end, struct est_part *out)
{
	static const char name[] = "content-type:";

	out->type[0] = '\0';
	while (p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t n;

		if (eol == NULL)
			return false;
		n = (size_t)(eol - p);
		if (n > 0 && p[n - 1] == '\r')
			n--;
		if (n == 0) {
			out->text = eol + 1;
			out->len = (size_t)(end - out->text);
			return true;
		}
		if (n > strlen(name) && strncasecmp(p, name, strlen(name)) == 0) {
			const char *value = p + strlen(name);

			value += strspn(value, " \t");
			snprintf(out->type, sizeof(out->type), "%.*s", (int)(p + n - value), value);
		}
		p = eol + 1;
	}
	return false;
}

int
est_parts_read(const struct est_reply *r, struct est_parts *out, struct gh_error *err)
{
	const char *p = (const char *)r->body.data, *end = p != NULL ? p + r->body.len : NULL,
		   *next;
	char boundary[BOUNDARY_MAX + 3];
	int rc = find_boundary(r->type, boundary, err);

	memset(out, 0, sizeof(*out));
	if (rc != 0)
		return rc;
	p = p != NULL ? find_line(p, end, boundary) : NULL;
	while (p != NULL) {
		p += strlen(boundary);
		if (end - p >= 2 && memcmp(p, "--", 2) == 0)
			return 0;
		p = memchr(p, '\n', (size_t)(end - p));
		next = p != NULL ? find_line(++p, end, boundary) : NULL;
		if (next == NULL || out->n == EST_PARTS_MAX ||
		    !take_part(p, next, &out->part[out->n++]))
			break;
		p = next;
	}
	return gh_refuse(err, GH_E_BAD_REQUEST, "the parts of the answer cannot be told apart");
}

static bool
is_of_type(const struct est_part *part, const char *type)
{
	size_t n = strlen(type);

	return strncasecmp(part->type, type, n) == 0 && strchr("; \t", part->type[n]) != NULL;
}

const struct est_part *
est_parts_find(const struct est_parts *p, const char *type)
{
	for (size_t i = 0; i < p->n; i++)
		if (is_of_type(&p->part[i], type))
			return &p->part[i];
	return NULL;
}

const struct est_part *
est_parts_find_smime(const struct est_parts *p, const char *smime, bool is)
{
	for (size_t i = 0; i < p->n; i++)
		if (is_of_type(&p->part[i], "application/pkcs7-mime") &&
		    (strcasestr(p->part[i].type, smime) != NULL) == is)
			return &p->part[i];
	return NULL;
}
