/* CRLs in the directory. See dir_publish.h. */
#include <string.h>

#include "dir_publish.h"
#include "search.h"

/* --- DN --------------------------------------------------------------------------------------- */

/* RFC 4514, 2.4. false: no room. */
static bool
put_escaped(char **p, const char *end, const char *value)
{
	for (size_t i = 0; value[i] != '\0'; i++) {
		bool is_edge = (i == 0 && (value[i] == ' ' || value[i] == '#')) ||
		    (value[i] == ' ' && value[i + 1] == '\0');

		if (end - *p < 3)
			return false;
		if (is_edge || strchr("\"+,;<>\\=", value[i]) != NULL)
			*(*p)++ = '\\';
		*(*p)++ = value[i];
	}
	return true;
}

int
dir_publish_dn(const char *pattern, const char *name, char *out, size_t size)
{
	const char *end = out + size;
	char *p = out;

	for (; *pattern != '\0'; pattern++) {
		if (*pattern == '%' && *++pattern != 's')
			return -1;
		if (*pattern == 's' && pattern[-1] == '%') {
			if (!put_escaped(&p, end, name))
				return -1;
			continue;
		}
		if (end - p < 2)
			return -1;
		*p++ = *pattern;
	}
	*p = '\0';
	return 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

static int
replace(struct dir *d, const char *dn, const char *attr, struct berval *value)
{
	struct berval *values[] = {value, NULL};
	LDAPMod mod = {.mod_op = LDAP_MOD_REPLACE | LDAP_MOD_BVALUES,
	    .mod_type = (char *)(uintptr_t)attr,
	    .mod_vals.modv_bvals = values};
	LDAPMod *mods[] = {&mod, NULL};

	return dir_conn_write(&d->service, dn, mods, false);
}

/* With the CRL in it: Active Directory wants one. */
static int
add(struct dir *d, const char *dn, const char *attr, struct berval *value)
{
	struct berval *values[] = {value, NULL};
	char top[] = "top", point[] = "cRLDistributionPoint", *classes[] = {top, point, NULL};
	LDAPMod class = {.mod_op = LDAP_MOD_ADD,
	    .mod_type = (char[]){"objectClass"},
	    .mod_vals.modv_strvals = classes};
	LDAPMod crl = {.mod_op = LDAP_MOD_ADD | LDAP_MOD_BVALUES,
	    .mod_type = (char *)(uintptr_t)attr,
	    .mod_vals.modv_bvals = values};
	LDAPMod *mods[] = {&class, &crl, NULL};

	return dir_conn_write(&d->service, dn, mods, true);
}

int
dir_publish_crl(struct dir *d, const char *dn, bool is_delta, const void *der, size_t len,
    struct gh_error *err)
{
	const char *attr =
	    is_delta ? "deltaRevocationList;binary" : "certificateRevocationList;binary";
	struct berval value = {len, (char *)(uintptr_t)der};
	int rc, code = LDAP_SERVER_DOWN;

	for (int attempt = 0; attempt < 2 && dir_conn_is_broken(code); attempt++) {
		if ((rc = dir_conn_open(&d->service, true, err)) != 0)
			return rc;
		code = replace(d, dn, attr, &value);
	}
	if (code == LDAP_NO_SUCH_OBJECT)
		code = add(d, dn, attr, &value);
	return code == LDAP_SUCCESS
	    ? 0
	    : gh_fail(err, GH_E_DIR_DOWN, "%.150s: %s", dn, d->service.diagnostic);
}
