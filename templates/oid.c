/* Object identifiers by name and as dotted text. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

/* Extended key usages as people write them (RFC 5280, 4.2.1.12; RFC 4556; Microsoft's). */
static const struct {
	const char *name, *oid;
} known[] = {
    {"serverAuth", "1.3.6.1.5.5.7.3.1"},
    {"clientAuth", "1.3.6.1.5.5.7.3.2"},
    {"codeSigning", "1.3.6.1.5.5.7.3.3"},
    {"emailProtection", "1.3.6.1.5.5.7.3.4"},
    {"timeStamping", "1.3.6.1.5.5.7.3.8"},
    {"ocspSigning", "1.3.6.1.5.5.7.3.9"},
    {"ipsecIKE", "1.3.6.1.5.5.7.3.17"},
    {"documentSigning", "1.3.6.1.5.5.7.3.36"},
    {"pkinitClient", "1.3.6.1.5.2.3.4"},
    {"pkinitKdc", "1.3.6.1.5.2.3.5"},
    {"anyExtendedKeyUsage", "2.5.29.37.0"},
    {"smartcardLogon", "1.3.6.1.4.1.311.20.2.2"},
    {"enrollmentAgent", "1.3.6.1.4.1.311.20.2.1"},
    {"encryptingFileSystem", "1.3.6.1.4.1.311.10.3.4"},
    {"directoryEmailReplication", "1.3.6.1.4.1.311.21.19"},
    {"keyRecoveryAgent", "1.3.6.1.4.1.311.21.6"},
};

/* One arc: decimal, no leading zero, below 2^32 (Windows stops on larger ones). NULL: no arc. */
static const char *
read_arc(const char *p, uint64_t *out)
{
	uint64_t v = 0;

	if (!isdigit((unsigned char)*p) || (p[0] == '0' && isdigit((unsigned char)p[1])))
		return NULL;
	for (; isdigit((unsigned char)*p); p++) {
		v = v * 10 + (uint64_t)(*p - '0');
		if (v > UINT32_MAX)
			return NULL;
	}
	*out = v;
	return p;
}

static bool
is_oid(const char *s)
{
	uint64_t first = 0, arc;
	size_t n = 0;

	if (strlen(s) > TMPL_OID_MAX)
		return false;
	for (;; s++) {
		if ((s = read_arc(s, &arc)) == NULL)
			return false;
		n++;
		if (n == 1)
			first = arc;
		/* X.660: the first arc is 0 to 2, the second below 40 under 0 and 1 */
		if ((n == 1 && arc > 2) || (n == 2 && first < 2 && arc > 39))
			return false;
		if (*s == '\0')
			return n >= 2;
		if (*s != '.')
			return false;
	}
}

const char *
tmpl_oid_resolve(const char *name_or_oid)
{
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, name_or_oid) == 0)
			return known[i].oid;
	}
	return is_oid(name_or_oid) ? name_or_oid : NULL;
}

bool
tmpl_list_has(const struct tmpl_list *l, const char *text)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (strcmp(l->v[i], text) == 0)
			return true;
	}
	return false;
}
