/* Distinguished names (RFC 4514), parsed by libldap. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>

#include "entry_dn.h"

#define DN_BYTES_MAX 4096

struct dir_dn {
	LDAPDN rdns;
};

struct dir_dn *
dir_dn_parse(const char *text)
{
	struct dir_dn *dn;

	if (text == NULL || *text == '\0' || strlen(text) > DN_BYTES_MAX)
		return NULL;
	if ((dn = calloc(1, sizeof *dn)) == NULL)
		return NULL;
	if (ldap_str2dn(text, &dn->rdns, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS ||
	    dn->rdns == NULL) {
		free(dn);
		return NULL;
	}
	return dn;
}

void
dir_dn_free(struct dir_dn *dn)
{
	if (dn == NULL)
		return;
	ldap_dnfree(dn->rdns);
	free(dn);
}

static bool
is_same_text(const struct berval *a, const struct berval *b)
{
	if (a->bv_len != b->bv_len)
		return false;
	for (ber_len_t i = 0; i < a->bv_len; i++)
		if (tolower((unsigned char)a->bv_val[i]) != tolower((unsigned char)b->bv_val[i]))
			return false;
	return true;
}

static bool
is_same_ava(const LDAPAVA *a, const LDAPAVA *b)
{
	/* a "#04..." value is bytes, another is text: never the same */
	return (a->la_flags & LDAP_AVA_BINARY) == (b->la_flags & LDAP_AVA_BINARY) &&
	    is_same_text(&a->la_attr, &b->la_attr) && is_same_text(&a->la_value, &b->la_value);
}

static size_t
rdn_size(LDAPRDN rdn)
{
	size_t n = 0;

	while (rdn[n] != NULL)
		n++;
	return n;
}

/* Each type occurs once in an RDN (X.501, 9.3), so that equal size and inclusion is equality. */
static bool
is_same_rdn(LDAPRDN a, LDAPRDN b)
{
	if (rdn_size(a) != rdn_size(b))
		return false;
	for (size_t i = 0; a[i] != NULL; i++) {
		size_t j = 0;

		while (b[j] != NULL && !is_same_ava(a[i], b[j]))
			j++;
		if (b[j] == NULL)
			return false;
	}
	return true;
}

bool
dir_dn_is_equal(const struct dir_dn *a, const struct dir_dn *b)
{
	size_t i;

	for (i = 0; a->rdns[i] != NULL && b->rdns[i] != NULL; i++)
		if (!is_same_rdn(a->rdns[i], b->rdns[i]))
			return false;
	return a->rdns[i] == NULL && b->rdns[i] == NULL;
}

static size_t
dn_size(const struct dir_dn *dn)
{
	size_t n = 0;

	while (dn->rdns[n] != NULL)
		n++;
	return n;
}

bool
dir_dn_is_under(const struct dir_dn *dn, const struct dir_dn *base)
{
	size_t n = dn_size(dn), under = dn_size(base);

	if (n <= under)
		return false;
	for (size_t i = 0; i < under; i++)
		if (!is_same_rdn(dn->rdns[n - under + i], base->rdns[i]))
			return false;
	return true;
}

static bool
is_dc(const LDAPRDN rdn)
{
	return rdn[1] == NULL && rdn[0]->la_attr.bv_len == 2 &&
	    strncasecmp(rdn[0]->la_attr.bv_val, "dc", 2) == 0;
}

bool
dir_dn_domain(const char *text, char *out, size_t size)
{
	struct dir_dn *dn = dir_dn_parse(text);
	size_t first = dn != NULL ? dn_size(dn) : 0, end = first, at = 0;

	while (first > 0 && is_dc(dn->rdns[first - 1]))
		first--;
	for (size_t i = first; i < end && at < size; i++)
		at += (size_t)snprintf(out + at, size - at, "%s%.*s", i > first ? "." : "",
		    (int)dn->rdns[i][0]->la_value.bv_len, dn->rdns[i][0]->la_value.bv_val);
	dir_dn_free(dn);
	return first < end && at < size;
}

char *
dir_dn_common_name(const char *text)
{
	struct dir_dn *dn = dir_dn_parse(text);
	const LDAPAVA *first;
	char *name = NULL;

	if (dn == NULL)
		return NULL;
	first = dn->rdns[0][0];
	if (first->la_attr.bv_len == 2 && strncasecmp(first->la_attr.bv_val, "cn", 2) == 0 &&
	    memchr(first->la_value.bv_val, '\0', first->la_value.bv_len) == NULL)
		name = strndup(first->la_value.bv_val, first->la_value.bv_len);
	dir_dn_free(dn);
	return name;
}
