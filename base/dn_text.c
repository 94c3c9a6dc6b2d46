/* RFC 4514 strings to X.501 names. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>

#include "hex.h"

#include "dn_text.h"

#define DN_PARTS_MAX 32  /* attributes of one name */
#define DN_TEXT_MAX 1024 /* bytes of a type, or of a value */

struct dn_part {
	char type[64];
	char value[DN_TEXT_MAX];
	bool joins; /* same RDN as the part before ("+") */
};

struct dn_parts {
	struct dn_part part[DN_PARTS_MAX];
	size_t n;
};

size_t
gh_dn_unescape(const char *p, char *out)
{
	int high = gh_hex_value(p[0]), low = high >= 0 ? gh_hex_value(p[1]) : -1;

	*out = low >= 0 ? (char)(high << 4 | low) : p[0];
	return *out == '\0' ? 0 : low >= 0 ? 2 : 1;
}

/* The value at p, up to an unescaped stop character. Unescaped blanks at both ends are not part of
 * it. */
static const char *
take_value(const char *p, const char *stop, struct dn_part *part)
{
	size_t n = 0, keep = 0;

	while (*p == ' ')
		p++;
	while (*p != '\0' && strchr(stop, *p) == NULL) {
		size_t used = 1;

		if (n + 1 >= sizeof(part->value))
			return NULL;
		if (*p == '\\') {
			used = gh_dn_unescape(p + 1, &part->value[n]);
			if (used++ == 0)
				return NULL;
			keep = n + 1;
		} else {
			part->value[n] = *p;
			if (*p != ' ')
				keep = n + 1;
		}
		n++;
		p += used;
	}
	part->value[keep] = '\0';
	return p;
}

static const char *
take_part(const char *p, const char *stop, struct dn_part *part)
{
	size_t n;

	while (*p == ' ')
		p++;
	n = strcspn(p, "= ,+/\\");
	if (n == 0 || n >= sizeof(part->type))
		return NULL;
	memcpy(part->type, p, n);
	part->type[n] = '\0';
	p += n;
	while (*p == ' ')
		p++;
	if (*p != '=')
		return NULL;
	p = take_value(p + 1, stop, part);
	return p != NULL && part->value[0] != '\0' ? p : NULL;
}

/* separator: ',' or '/'. */
static int
split(const char *p, char separator, struct dn_parts *parts)
{
	const char stop[] = {separator, '+', '\0'};
	bool joins = false;

	do {
		if (parts->n == DN_PARTS_MAX)
			return -1;
		parts->part[parts->n].joins = joins;
		p = take_part(p, stop, &parts->part[parts->n]);
		if (p == NULL)
			return -1;
		parts->n++;
		joins = *p == '+';
	} while (*p++ != '\0');
	return 0;
}

/* Add part i and those that join it. */
static int
add_rdn(X509_NAME *name, const struct dn_parts *parts, size_t i, struct gh_error *err)
{
	int set = 0;

	do {
		const struct dn_part *part = &parts->part[i];

		if (OBJ_txt2nid(part->type) == NID_undef)
			return gh_refuse(err, GH_E_CONF, "name: attribute \"%s\" is not known",
			    part->type);
		if (X509_NAME_add_entry_by_txt(name, part->type, MBSTRING_UTF8,
			(const unsigned char *)part->value, -1, -1, set) != 1) {
			ERR_clear_error();
			return gh_refuse(err, GH_E_CONF,
			    "name: %s=%.100s is too long, too short, or holds characters that %s cannot have",
			    part->type, part->value, part->type);
		}
		set = -1;
	} while (++i < parts->n && parts->part[i].joins);
	return 0;
}

/* DER order is that of the slash form, and the reverse of RFC 4514's. */
static int
build(const struct dn_parts *parts, bool reverse, X509_NAME *name, struct gh_error *err)
{
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < parts->n; k++) {
		size_t i = reverse ? parts->n - 1 - k : k;

		if (!parts->part[i].joins)
			rc = add_rdn(name, parts, i, err);
	}
	return rc;
}

int
gh_dn_parse(const char *text, X509_NAME **out, struct gh_error *err)
{
	struct dn_parts *parts = calloc(1, sizeof(*parts));
	X509_NAME *name = X509_NAME_new();
	bool slash = text[0] == '/';
	int rc = 0;

	*out = NULL;
	if (parts == NULL || name == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "name");
	else if (text[strspn(text, " ")] != '\0' &&
	    split(text + slash, slash ? '/' : ',', parts) != 0)
		rc = gh_refuse(err, GH_E_CONF,
		    "name: part %zu of \"%.100s\" is not TYPE=VALUE (as in CN=Alice,O=Example)",
		    parts->n + 1, text);
	else
		rc = build(parts, !slash, name, err);
	free(parts);
	if (rc != 0)
		X509_NAME_free(name);
	else
		*out = name;
	return rc;
}

int
gh_dn_parse_der(const char *text, unsigned char **out, size_t *len, struct gh_error *err)
{
	const unsigned char *der;
	X509_NAME *name;
	int rc = gh_dn_parse(text, &name, err);

	*out = NULL;
	*len = 0;
	if (rc != 0)
		return rc;
	if (X509_NAME_get0_der(name, &der, len) != 1 || (*out = malloc(*len)) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "name");
	else
		memcpy(*out, der, *len);
	X509_NAME_free(name);
	return rc;
}
