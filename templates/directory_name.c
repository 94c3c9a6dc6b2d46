/* Distinguished names as text (RFC 4514), as directories return them. */
#include <stdlib.h>
#include <string.h>

#include "dn_text.h"

#include "model.h"

struct attribute {
	int type;        /* row of rdn.c */
	bool same_rdn;   /* "+": in one RDN with the attribute before it */
	size_t off, len; /* of the value, in text; NUL-terminated there */
};

struct tmpl_dn {
	char text[TMPL_DN_MAX + 1]; /* unescaped values */
	size_t used;
	struct attribute attr[TMPL_RDN_MAX];
	size_t attrs;
};

static const char *
skip_blanks(const char *p)
{
	/* RFC 4514 has no blanks around separators; RFC 2253, 4 asks readers to take them */
	while (*p == ' ')
		p++;
	return p;
}

/* "CN=" or "2.5.4.3=" (RFC 4514, 2.3). NULL: refused. */
static const char *
read_type(const char *p, int *type)
{
	const char *start = p, *end;

	p += strcspn(p, "=,+;\\\"");
	if (*p != '=')
		return NULL;
	for (end = p; end > start && end[-1] == ' '; end--)
		;
	if (end - start > 4 && strncmp(start, "OID.", 4) == 0)
		start += 4; /* RFC 1779's spelling */
	*type = tmpl_rdn_type(start, (size_t)(end - start));
	return p + 1;
}

/* What stands behind a backslash: two hex digits are a byte, a special character is itself. */
static const char *
read_escape(const char *p, char *out)
{
	size_t used = gh_dn_unescape(p, out);

	if (used == 0 || (used == 1 && strchr(" \"#+,;<=>\\", p[0]) == NULL))
		return NULL;
	return p + used;
}

/* The value up to ',' or '+' (RFC 4514, 2.4), unescaped into dn->text. NULL: refused. */
static const char *
read_value(struct tmpl_dn *dn, const char *p, struct attribute *a)
{
	size_t keep;
	char c;

	p = skip_blanks(p);
	a->off = dn->used;
	keep = dn->used; /* unescaped blanks behind this are dropped */
	if (*p == '#')
		return NULL; /* BER in hex: no type of the table is written so */
	while (*p != '\0' && *p != ',' && *p != '+') {
		if (strchr("\";<>", *p) != NULL || dn->used + 1 >= sizeof(dn->text))
			return NULL;
		c = *p++;
		if (c == '\\') {
			if ((p = read_escape(p, &c)) == NULL)
				return NULL;
			keep = dn->used + 1;
		} else if (c != ' ') {
			keep = dn->used + 1;
		}
		dn->text[dn->used++] = c;
	}
	a->len = keep - a->off;
	dn->text[keep] = '\0';
	dn->used = keep + 1;
	return dn->used < sizeof(dn->text) ? p : NULL;
}

static int
parse(struct tmpl_dn *dn, const char *p, struct gh_error *err)
{
	struct attribute *a;
	bool same_rdn = false;

	while (*p != '\0') {
		if (dn->attrs == TMPL_RDN_MAX)
			return gh_refuse(err, GH_E_SUBJECT,
			    "the directory name has more than %d parts", TMPL_RDN_MAX);
		a = &dn->attr[dn->attrs];
		a->same_rdn = same_rdn;
		if ((p = read_type(skip_blanks(p), &a->type)) == NULL ||
		    (p = read_value(dn, p, a)) == NULL)
			return gh_refuse(err, GH_E_SUBJECT,
			    "the directory name is not as RFC 4514 has it");
		if (a->type < 0)
			return gh_refuse(err, GH_E_SUBJECT,
			    "the directory name has an attribute type that cannot stand in a "
			    "subject");
		dn->attrs++;
		if (*p == '\0')
			return 0;
		same_rdn = *p++ == '+';
		if (*skip_blanks(p) == '\0')
			return gh_refuse(err, GH_E_SUBJECT,
			    "the directory name ends with a separator");
	}
	return 0;
}

int
tmpl_dn_parse(const char *text, struct tmpl_dn **out, struct gh_error *err)
{
	struct tmpl_dn *dn;
	int rc;

	*out = NULL;
	if (strlen(text) > TMPL_DN_MAX)
		return gh_refuse(err, GH_E_SUBJECT, "the directory name is longer than %d bytes",
		    TMPL_DN_MAX);
	if ((dn = calloc(1, sizeof(*dn))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "directory name");
	if ((rc = parse(dn, text, err)) != 0) {
		tmpl_dn_free(dn);
		return rc;
	}
	*out = dn;
	return 0;
}

void
tmpl_dn_free(struct tmpl_dn *dn)
{
	free(dn);
}

int
tmpl_dn_to_name(const struct tmpl_dn *dn, X509_NAME *name, struct gh_error *err)
{
	size_t end = dn->attrs, first, i;
	int rc;

	while (end > 0) {
		for (first = end - 1; dn->attr[first].same_rdn; first--)
			;
		for (i = first; i < end; i++) {
			const struct attribute *a = &dn->attr[i];

			rc = tmpl_rdn_add(name, a->type, dn->text + a->off, a->len, i > first, err);
			if (rc != 0)
				return rc;
		}
		end = first;
	}
	return 0;
}

const char *
tmpl_dn_common_name(const struct tmpl_dn *dn)
{
	if (dn->attrs == 0 || dn->attr[0].type != tmpl_rdn_type("CN", 2))
		return NULL;
	return dn->text + dn->attr[0].off;
}

char *
tmpl_dn_domain(const struct tmpl_dn *dn)
{
	int dc = tmpl_rdn_type("DC", 2);
	char *out;
	size_t i, used = 0;

	if ((out = malloc(TMPL_DN_MAX + 1)) == NULL)
		return NULL;
	for (i = 0; i < dn->attrs; i++) {
		const struct attribute *a = &dn->attr[i];

		if (a->type != dc)
			continue;
		if (used > 0)
			out[used++] = '.';
		memcpy(out + used, dn->text + a->off, a->len);
		used += a->len;
	}
	out[used] = '\0';
	if (used == 0) {
		free(out);
		return NULL;
	}
	return out;
}
