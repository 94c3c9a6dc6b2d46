/* Searches as the service account, and the look at the rootDSE that comes before the first one. */
#include <string.h>

#include "log.h"

#include "search.h"

#define CAPABILITY_AD "1.2.840.113556.1.4.800"   /* MS-ADTS 3.1.1.3.4.3.1 */

static bool
has_value(LDAP *ld, LDAPMessage *entry, const char *attr, const char *value)
{
	struct berval **v = entry != NULL ? ldap_get_values_len(ld, entry, attr) : NULL;
	bool found = false;

	for (size_t i = 0; v != NULL && v[i] != NULL && !found; i++)
		found =
		    v[i]->bv_len == strlen(value) && memcmp(v[i]->bv_val, value, v[i]->bv_len) == 0;
	ldap_value_free_len(v);
	return found;
}

/* OpenLDAP answers Active Directory's rules with "no entry" and no error, so that a wrong
 * directory.type would look like missing groups. */
static void
check_kind(struct dir *d)
{
	static const char *const attrs[] = {"supportedCapabilities", NULL};
	const struct dir_query q = {"", LDAP_SCOPE_BASE, "(objectClass=*)", attrs, 1};
	LDAPMessage *res;
	bool is_ad;

	if (__atomic_exchange_n(&d->s->is_checked, 1, __ATOMIC_RELAXED) != 0)
		return;
	if (dir_conn_search(&d->service, &q, &res) != LDAP_SUCCESS)
		return; /* the search that follows will tell */
	is_ad =
	    has_value(d->service.ld, ldap_first_entry(d->service.ld, res), attrs[0], CAPABILITY_AD);
	ldap_msgfree(res);
	if (is_ad != d->s->profile.is_ad)
		gh_log(GH_LOG_WARN,
		    "directory.type is \"%s\", but %s says it is %s: groups may be missing",
		    d->s->conf->directory.type, d->s->uri[d->service.uri],
		    is_ad ? "Active Directory" : "not Active Directory");
}

int
dir_open_service(struct dir *d, struct gh_error *err)
{
	int rc = dir_conn_open(&d->service, true, err);

	if (rc != 0)
		return rc;
	check_kind(d);
	/* that look may have broken it */
	return dir_conn_open(&d->service, true, err);
}

/* The server cut the list before our own limit did: what is missing could be a group that permits, or a second
 * entry of the name. */
static bool
is_cut_short(const struct dir *d, const struct dir_query *q, LDAPMessage *res)
{
	return q->limit == 0 || ldap_count_entries(d->service.ld, res) < q->limit;
}

int
dir_search(struct dir *d, const struct dir_query *q, LDAPMessage **res, struct gh_error *err)
{
	int rc, code = LDAP_SERVER_DOWN;

	*res = NULL;
	for (int attempt = 0; attempt < 2 && dir_conn_is_broken(code); attempt++) {
		if ((rc = dir_open_service(d, err)) != 0)
			return rc;
		code = dir_conn_search(&d->service, q, res);
	}
	switch (code) {
	case LDAP_SUCCESS:
		return 0;
	case LDAP_SIZELIMIT_EXCEEDED:
		if (!is_cut_short(d, q, *res))
			return 0;
		ldap_msgfree(*res);
		*res = NULL;
		return gh_fail(err, GH_E_DIR_DOWN, "the server's size limit is too small: %s",
		    d->service.diagnostic);
	case LDAP_NO_SUCH_OBJECT:
	case LDAP_INVALID_DN_SYNTAX:
		return gh_fail(err, GH_E_NOT_IN_DIRECTORY, "%s", d->service.diagnostic);
	default:
		return gh_fail(err, GH_E_DIR_DOWN, "%s", d->service.diagnostic);
	}
}
