/*
 * Attribute types of distinguished names: their names as text (RFC 4514, 3), how long they may be
 * (X.520 upper bounds) and how they are encoded (RFC 5280, 4.1.2.4 and appendix A).
 */
#include <string.h>
#include <strings.h>

#include "model.h"

enum string_kind {
	DIRECTORY_STRING, /* PrintableString where it fits, else UTF8String */
	PRINTABLE_STRING,
	IA5_STRING,
	COUNTRY, /* two letters (ISO 3166) */
};

static const struct rdn_type {
	const char *name;  /* first spelling: the one in messages and template files */
	const char *alias; /* or NULL */
	const char *oid;
	int nid;
	enum string_kind kind;
	size_t max; /* characters */
} table[] = {
    {"CN", "commonName", "2.5.4.3", NID_commonName, DIRECTORY_STRING, 64},
    {"SN", "surname", "2.5.4.4", NID_surname, DIRECTORY_STRING, 64},
    {"serialNumber", NULL, "2.5.4.5", NID_serialNumber, PRINTABLE_STRING, 64},
    {"C", "countryName", "2.5.4.6", NID_countryName, COUNTRY, 2},
    {"L", "localityName", "2.5.4.7", NID_localityName, DIRECTORY_STRING, 128},
    {"ST", "stateOrProvinceName", "2.5.4.8", NID_stateOrProvinceName, DIRECTORY_STRING, 128},
    {"STREET", "streetAddress", "2.5.4.9", NID_streetAddress, DIRECTORY_STRING, 128},
    {"O", "organizationName", "2.5.4.10", NID_organizationName, DIRECTORY_STRING, 64},
    {"OU", "organizationalUnitName", "2.5.4.11", NID_organizationalUnitName, DIRECTORY_STRING, 64},
    {"title", NULL, "2.5.4.12", NID_title, DIRECTORY_STRING, 64},
    {"postalCode", NULL, "2.5.4.17", NID_postalCode, DIRECTORY_STRING, 40},
    {"givenName", "GN", "2.5.4.42", NID_givenName, DIRECTORY_STRING, 64},
    {"initials", NULL, "2.5.4.43", NID_initials, DIRECTORY_STRING, 64},
    {"generationQualifier", NULL, "2.5.4.44", NID_generationQualifier, DIRECTORY_STRING, 64},
    {"dnQualifier", NULL, "2.5.4.46", NID_dnQualifier, PRINTABLE_STRING, 64},
    {"pseudonym", NULL, "2.5.4.65", NID_pseudonym, DIRECTORY_STRING, 128},
    {"organizationIdentifier", NULL, "2.5.4.97", NID_organizationIdentifier, DIRECTORY_STRING, 64},
    /* RFC 4519 has no bound for DC and UID; a DNS label has 63, RFC 4524 says 256 */
    {"DC", "domainComponent", "0.9.2342.19200300.100.1.25", NID_domainComponent, IA5_STRING, 63},
    {"UID", "userId", "0.9.2342.19200300.100.1.1", NID_userId, DIRECTORY_STRING, 256},
    {"E", "emailAddress", "1.2.840.113549.1.9.1", NID_pkcs9_emailAddress, IA5_STRING, 255},
};

#define TYPES ((int)(sizeof(table) / sizeof(table[0])))
_Static_assert(sizeof(table) / sizeof(table[0]) <= 32, "types are bits of a uint32_t");

static bool
is_name(const char *candidate, const char *name, size_t len)
{
	return candidate != NULL && strlen(candidate) == len &&
	    strncasecmp(candidate, name, len) == 0;
}

int
tmpl_rdn_type(const char *name, size_t len)
{
	int i;

	for (i = 0; i < TYPES; i++) {
		if (is_name(table[i].name, name, len) || is_name(table[i].alias, name, len) ||
		    is_name(table[i].oid, name, len))
			return i;
	}
	return -1;
}

int
tmpl_rdn_type_of(const ASN1_OBJECT *o)
{
	int nid = OBJ_obj2nid(o), i;

	for (i = 0; i < TYPES && nid != NID_undef; i++) {
		if (table[i].nid == nid)
			return i;
	}
	return -1;
}

const char *
tmpl_rdn_name(int type)
{
	return type >= 0 && type < TYPES ? table[type].name : "?";
}

/* X.680, 41.4 */
static bool
is_printable_string(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] == '\0' ||
		    strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz012"
			   "3456789 '()+,-./:=?",
			s[i]) == NULL)
			return false;
	}
	return true;
}

/* Tag of the string type for this value; -1: cannot be encoded. */
static int
choose_tag(enum string_kind kind, const char *value, size_t len)
{
	switch (kind) {
	case DIRECTORY_STRING:
		return is_printable_string(value, len) ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;
	case PRINTABLE_STRING:
		return is_printable_string(value, len) ? V_ASN1_PRINTABLESTRING : -1;
	case IA5_STRING:
		return tmpl_text_is_ascii(value, len) ? V_ASN1_IA5STRING : -1;
	case COUNTRY:
		return len == 2 && is_printable_string(value, len) ? V_ASN1_PRINTABLESTRING : -1;
	}
	return -1;
}

int
tmpl_rdn_add(X509_NAME *name, int type, const char *value, size_t len, bool same_rdn,
    struct gh_error *err)
{
	const struct rdn_type *t;
	size_t chars;
	int tag;

	if (type < 0 || type >= TYPES)
		return gh_fail(err, GH_E_INTERNAL, "attribute type %d", type);
	t = &table[type];
	if (len == 0 || !tmpl_text_is_utf8(value, len, &chars))
		return gh_refuse(err, GH_E_SUBJECT, "%s in the subject is empty or not plain text",
		    t->name);
	/* X.520 upper bounds: a name that was cut off would be another name */
	if (chars > t->max)
		return gh_refuse(err, GH_E_SUBJECT,
		    "%s in the subject has %zu characters, X.520 allows %zu", t->name, chars,
		    t->max);
	if ((tag = choose_tag(t->kind, value, len)) < 0)
		return gh_refuse(err, GH_E_SUBJECT,
		    "%s in the subject has characters it must not have", t->name);
	if (X509_NAME_add_entry_by_NID(name, t->nid, tag, (const unsigned char *)value, (int)len,
		-1, same_rdn ? -1 : 0) != 1)
		return gh_fail(err, GH_E_NOMEM, "subject attribute");
	return 0;
}

const char *
tmpl_rdn_oid(const char *type)
{
	int i = tmpl_rdn_type(type, strlen(type));

	return i >= 0 ? table[i].oid : NULL;
}
