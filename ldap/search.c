/* Searches as the service account. */
#include "search.h"

/* The server cut the list before our own limit did: what is missing could be a group that permits,
 * or a second entry of the name. */
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
	if (d->never_waits)
		return gh_fail(err, GH_E_BUSY, "it would have to be looked up");
	for (int attempt = 0; attempt < 2 && dir_conn_is_broken(code); attempt++) {
		if ((rc = dir_conn_open(&d->service, true, err)) != 0)
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
