/* Identity of an entry: a number that no other entry ever gets, and names that no other entry
 * has. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "entry_dn.h"
#include "filter.h"
#include "search.h"

#include "identity.h"

#define GUID_SIZE 16
#define REALM_MAX 256 /* bytes of a domain's name with its NUL */

/* --- the number ------------------------------------------------------------------------------- */

/* MS-DTYP 2.3.4: the first three fields are little-endian. */
static void
guid_text(const unsigned char *g, char out[DIR_ID_SIZE])
{
	snprintf(out, DIR_ID_SIZE,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", g[3], g[2],
	    g[1], g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14],
	    g[15]);
}

void
dir_identity_read(const struct dir_profile *p, LDAP *ld, LDAPMessage *m, struct dir_entry *e)
{
	struct berval **v = ldap_get_values_len(ld, m, p->id);

	e->id[0] = '\0';
	if (v != NULL && v[0] != NULL && v[0]->bv_len == GUID_SIZE) {
		guid_text((const unsigned char *)v[0]->bv_val, e->id);
	} else if (v != NULL && v[0] != NULL && v[0]->bv_len == DIR_ID_SIZE - 1) {
		for (size_t i = 0; i < DIR_ID_SIZE - 1; i++)
			e->id[i] = (char)tolower((unsigned char)v[0]->bv_val[i]);
		e->id[DIR_ID_SIZE - 1] = '\0';
		if (strspn(e->id, "0123456789abcdef-") != DIR_ID_SIZE - 1)
			e->id[0] = '\0';
	}
	ldap_value_free_len(v);
}

/* --- the names -------------------------------------------------------------------------------- */

/* All values: any of them may be the one that is certified, or that a log-in gives. */
static void
put_names(struct gh_buf *b, const struct dir_shared *s, const struct dir_entry *e, enum dir_attr a)
{
	for (size_t i = 0; i < e->attr[a].n; i++)
		if (e->attr[a].v[i].len > 0)
			dir_filter_equal(b, s->profile.attr[a], e->attr[a].v[i].data,
			    e->attr[a].v[i].len);
}

/* The domain that accounts belong to: directory.realm; for Active Directory also as directory.base
 * names it. */
static bool
domain_of(const struct dir_shared *s, char out[REALM_MAX])
{
	const char *realm = s->conf->directory.realm;

	if (*realm != '\0')
		return snprintf(out, REALM_MAX, "%s", realm) < REALM_MAX;
	return s->profile.is_ad && dir_dn_domain(s->conf->directory.base, out, REALM_MAX);
}

/*
 * Who has no userPrincipalName has the implicit one ACCOUNT@DOMAIN (MS-ADTS 5.1.1.1.1), which is in
 * no attribute. Another entry must not have taken it: domains refuse that today, older ones did
 * not.
 */
static void
put_implicit(struct gh_buf *b, const struct dir_shared *s, const struct dir_entry *e)
{
	const char *upn = dir_entry_text(e, DIR_UPN), *at = upn != NULL ? strrchr(upn, '@') : NULL;
	char domain[REALM_MAX];

	if (at == NULL || at == upn || !domain_of(s, domain) || strcasecmp(at + 1, domain) != 0)
		return;
	gh_buf_puts(b, "(&");
	dir_filter_equal(b, s->profile.attr[DIR_SAM_ACCOUNT_NAME], upn, (size_t)(at - upn));
	gh_buf_putf(b, "(!(%s=*)))", s->profile.attr[DIR_UPN]);
}

/* Where user_filter is configured, it alone says which entry an account name stands for. */
static void
put_filter(struct gh_buf *b, const struct dir_shared *s, const struct dir_entry *e, bool with_mail)
{
	gh_buf_puts(b, "(|");
	put_names(b, s, e, DIR_UPN);
	put_names(b, s, e, DIR_DNS_HOST_NAME);
	if (s->profile.upn != NULL)
		put_names(b, s, e, DIR_SAM_ACCOUNT_NAME);
	put_implicit(b, s, e);
	if (with_mail)
		put_names(b, s, e, DIR_MAIL);
	gh_buf_putc(b, ')');
}

/* *alone: no other entry has a name of this one. */
static int
search(struct dir *d, const struct dir_entry *e, bool with_mail, bool *alone, struct gh_error *err)
{
	static const char *const attrs[] = {LDAP_NO_ATTRS, NULL};
	struct dir_query q = {d->s->conf->directory.base, LDAP_SCOPE_SUBTREE, NULL, attrs, 2};
	LDAPMessage *res = NULL;
	struct gh_buf b;
	int rc;

	*alone = true;
	gh_buf_init(&b, DIR_FILTER_MAX);
	put_filter(&b, d->s, e, with_mail);
	rc = gh_buf_check(&b, err);
	q.filter = (const char *)b.data;
	if (rc == 0 && strcmp(q.filter, "(|)") != 0 && (rc = dir_search(d, &q, &res, err)) == 0) {
		*alone = ldap_count_entries(d->service.ld, res) <= 1;
		if (!*alone)
			(void)gh_fail(err, GH_E_NOT_IN_DIRECTORY,
			    "another entry has the same name: %.300s", q.filter);
	}
	ldap_msgfree(res);
	gh_buf_free(&b);
	return rc;
}

int
dir_identity_check(struct dir *d, struct dir_entry *e, struct gh_error *err)
{
	bool alone;
	int rc = search(d, e, true, &alone, err);

	e->mail_is_shared = false;
	if (rc != 0 || alone)
		return rc;
	if (e->attr[DIR_MAIL].n > 0 && ((rc = search(d, e, false, &alone, err)) != 0 || alone)) {
		e->mail_is_shared = rc == 0;
		return rc;
	}
	return GH_E_NOT_IN_DIRECTORY;
}
