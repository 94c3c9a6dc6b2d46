/* Distinguished names as text, parsed only as far as comparing them needs. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "dn_match.h"
#include "dn_text.h"

#define AVAS_MAX 8 /* parts of one RDN */

/* One RDN: its parts as "TYPE=value" in canonical form, sorted. */
struct rdn {
	size_t n;
	char *ava[AVAS_MAX];
};

struct dn {
	size_t n;
	struct rdn rdn[DN_RDNS_MAX];
};

/* What others call the types that OpenSSL prints by the name on the right. */
static const struct {
	const char *from, *to;
} aliases[] = {
    {"S", "ST"},
    {"STATEORPROVINCENAME", "ST"},
    {"E", "EMAILADDRESS"},
    {"EMAIL", "EMAILADDRESS"},
    {"1.2.840.113549.1.9.1", "EMAILADDRESS"},
    {"COMMONNAME", "CN"},
    {"2.5.4.3", "CN"},
    {"COUNTRYNAME", "C"},
    {"2.5.4.6", "C"},
    {"LOCALITYNAME", "L"},
    {"2.5.4.7", "L"},
    {"2.5.4.8", "ST"},
    {"ORGANIZATIONNAME", "O"},
    {"2.5.4.10", "O"},
    {"ORGANIZATIONALUNITNAME", "OU"},
    {"2.5.4.11", "OU"},
    {"DOMAINCOMPONENT", "DC"},
    {"0.9.2342.19200300.100.1.25", "DC"},
    {"USERID", "UID"},
    {"0.9.2342.19200300.100.1.1", "UID"},
    {"STREETADDRESS", "STREET"},
    {"2.5.4.9", "STREET"},
    {"SURNAME", "SN"},
    {"2.5.4.4", "SN"},
    {"GIVENNAME", "GN"},
    {"G", "GN"},
    {"2.5.4.42", "GN"},
    {"2.5.4.5", "SERIALNUMBER"},
    {"T", "TITLE"},
    {"2.5.4.12", "TITLE"},
};

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c + 'A' - 'a') : c;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* "TYPE=": letters, digits, '.', '-', up to 64. *p moves behind the '='. */
static bool
parse_type(const char **p, struct gh_buf *out)
{
	char type[65];
	const char *s = *p, *name = type;
	size_t n = 0;

	while (is_blank(*s))
		s++;
	for (; n < sizeof(type) - 1 && *s != '\0' && *s != '=' && !is_blank(*s); s++)
		type[n++] = upper(*s);
	type[n] = '\0';
	while (is_blank(*s))
		s++;
	if (n == 0 || *s != '=' || strspn(type, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") != n)
		return false;
	if (strncmp(name, "OID.", 4) == 0)
		name += 4;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcmp(name, aliases[i].from) == 0) {
			name = aliases[i].to;
			break;
		}
	gh_buf_puts(out, name);
	gh_buf_putc(out, '=');
	*p = s + 1;
	return true;
}

/* Characters in canonical form: upper case, a run of blanks as one, none at the ends. */
struct value {
	struct gh_buf *out;
	bool has_blank; /* one that is not written yet */
	bool is_begun;
};

static void
put_char(struct value *v, char c)
{
	if (is_blank(c)) {
		v->has_blank = v->is_begun;
		return;
	}
	if (v->has_blank)
		gh_buf_putc(v->out, ' ');
	v->has_blank = false;
	v->is_begun = true;
	gh_buf_putc(v->out, upper(c));
}

/* Behind a backslash. false: nothing there, or a NUL. */
static bool
put_escaped(struct value *v, const char **p)
{
	char c;
	size_t used = gh_dn_unescape(*p, &c);

	if (used == 0)
		return false;
	put_char(v, c);
	*p += used;
	return true;
}

/* In double quotes nothing but the quote and the backslash is special; "" is a quote (Windows). */
static bool
parse_quoted(const char **p, struct value *v)
{
	const char *s = *p + 1;

	for (;;) {
		if (*s == '\0')
			return false;
		if (*s == '"' && s[1] != '"')
			break;
		if (*s == '\\') {
			s++;
			if (!put_escaped(v, &s))
				return false;
			continue;
		}
		if (*s == '"')
			s++;
		put_char(v, *s++);
	}
	for (s++; is_blank(*s); s++)
		;
	*p = s;
	return true;
}

/* Up to the separator, which is left. */
static bool
parse_value(const char **p, struct gh_buf *out)
{
	struct value v = {.out = out};
	const char *s = *p;

	while (is_blank(*s))
		s++;
	if (*s == '"') {
		if (!parse_quoted(&s, &v))
			return false;
	} else {
		while (*s != '\0' && strchr(",;+", *s) == NULL) {
			if (*s == '\\') {
				s++;
				if (!put_escaped(&v, &s))
					return false;
			} else {
				put_char(&v, *s++);
			}
		}
	}
	*p = s;
	return *s == '\0' || strchr(",;+", *s) != NULL;
}

static void
insert_sorted(struct rdn *r, char *text)
{
	size_t i = r->n++;

	for (; i > 0 && strcmp(r->ava[i - 1], text) > 0; i--)
		r->ava[i] = r->ava[i - 1];
	r->ava[i] = text;
}

/* One "type=value" into r. */
static bool
parse_ava(const char **p, struct rdn *r)
{
	struct gh_buf b;

	if (r->n == AVAS_MAX)
		return false;
	gh_buf_init(&b, 2 * DN_TEXT_MAX);
	if (!parse_type(p, &b) || !parse_value(p, &b) || gh_buf_check(&b, NULL) != 0) {
		gh_buf_free(&b);
		return false;
	}
	insert_sorted(r, (char *)b.data);
	return true;
}

static void
dn_clear(struct dn *dn)
{
	for (size_t i = 0; i < dn->n; i++)
		for (size_t k = 0; k < dn->rdn[i].n; k++)
			free(dn->rdn[i].ava[k]);
	free(dn);
}

/* NULL: no name, or out of memory. */
static struct dn *
dn_parse(const char *text)
{
	struct dn *dn =
	    strnlen(text, DN_TEXT_MAX + 1) <= DN_TEXT_MAX ? calloc(1, sizeof(*dn)) : NULL;

	if (dn == NULL)
		return NULL;
	for (dn->n = 1;;) {
		if (!parse_ava(&text, &dn->rdn[dn->n - 1]))
			break;
		if (*text == '\0')
			return dn;
		if (*text++ == '+')
			continue;
		if (dn->n == DN_RDNS_MAX)
			break;
		dn->n++;
	}
	dn_clear(dn);
	return NULL;
}

static bool
rdn_equal(const struct rdn *a, const struct rdn *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->ava[i], b->ava[i]) != 0)
			return false;
	return true;
}

static bool
dn_equal(const struct dn *a, const struct dn *b)
{
	bool same = a->n == b->n, reversed = same;

	for (size_t i = 0; i < a->n && (same || reversed); i++) {
		same = same && rdn_equal(&a->rdn[i], &b->rdn[i]);
		reversed = reversed && rdn_equal(&a->rdn[i], &b->rdn[b->n - 1 - i]);
	}
	return same || reversed;
}

bool
dn_text_equal(const char *a, const char *b)
{
	struct dn *x = dn_parse(a), *y = x != NULL ? dn_parse(b) : NULL;
	bool equal = y != NULL && dn_equal(x, y);

	if (x != NULL)
		dn_clear(x);
	if (y != NULL)
		dn_clear(y);
	return equal;
}
