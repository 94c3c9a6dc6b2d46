/*
 * Members of a group. Active Directory answers with all people below a group by a rule of its own
 * (MS-ADTS 3.1.1.3.4.4.3, LDAP_MATCHING_RULE_TRANSITIVE_EVAL); elsewhere we walk downwards over
 * member and uniqueMember.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "entry_dn.h"
#include "filter.h"
#include "search.h"

#include "members.h"

#define GROUPS_MAX 256 /* that one name stands for, and that are below them */

static void
clear_list(char **dn, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(dn[i]);
	free(dn);
}

void
dir_members_clear(struct dir_members *m)
{
	clear_list(m->dn, m->n);
	memset(m, 0, sizeof *m);
}

static bool
has(const struct dir_members *m, const char *dn)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcasecmp(m->dn[i], dn) == 0)
			return true;
	return false;
}

static int
add(struct dir_members *m, const char *dn, size_t max, struct gh_error *err)
{
	if (*dn == '\0' || has(m, dn))
		return 0;
	if (m->n >= max) {
		m->is_cut = true;
		return 0;
	}
	if (m->n == m->cap) {
		size_t cap = m->cap == 0 ? 16 : 2 * m->cap;
		char **more = realloc(m->dn, cap * sizeof *more);

		if (more == NULL)
			return gh_fail(err, GH_E_NOMEM, "members of a group");
		m->dn = more;
		m->cap = cap;
	}
	if ((m->dn[m->n] = strdup(dn)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "members of a group");
	m->n++;
	return 0;
}

/* The DNs of what a search finds, at most max of them. A base that is not there: none. */
static int
search_dns(struct dir *d, const char *base, const char *filter, size_t max, struct dir_members *out,
    struct gh_error *err)
{
	static const char *const attrs[] = {LDAP_NO_ATTRS, NULL};
	const struct dir_query q = {base, LDAP_SCOPE_SUBTREE, filter, attrs, (int)max};
	LDAPMessage *res;
	int rc = dir_search(d, &q, &res, err);

	if (rc != 0)
		return rc == GH_E_NOT_IN_DIRECTORY ? 0 : rc;
	for (LDAPMessage *m = ldap_first_entry(d->service.ld, res); m != NULL && rc == 0;
	     m = ldap_next_entry(d->service.ld, m)) {
		char *dn = ldap_get_dn(d->service.ld, m);

		rc = dn != NULL ? add(out, dn, max, err)
				: gh_fail(err, GH_E_NOMEM, "members of a group");
		ldap_memfree(dn);
	}
	out->is_cut |= out->n >= max;
	ldap_msgfree(res);
	return rc;
}

/* The groups that a name of the configuration stands for. */
static int
find_groups(struct dir *d, const char *group, struct dir_members *out, struct gh_error *err)
{
	const char *base = d->s->conf->directory.group_base;
	bool is_sid = strncasecmp(group, "S-1-", 4) == 0;
	struct dir_dn *dn = is_sid ? NULL : dir_dn_parse(group);
	struct gh_buf b;
	int rc;

	if (dn != NULL) {
		dir_dn_free(dn);
		return add(out, group, GROUPS_MAX, err);
	}
	gh_buf_init(&b, DIR_FILTER_MAX);
	dir_filter_equal(&b, is_sid ? d->s->profile.attr[DIR_OBJECT_SID] : d->s->profile.group_name,
	    group, strlen(group));
	rc = gh_buf_check(&b, err);
	if (rc == 0)
		rc = search_dns(d, *base != '\0' ? base : d->s->conf->directory.base,
		    (const char *)b.data, GROUPS_MAX, out, err);
	gh_buf_free(&b);
	return rc;
}

/* --- Active Directory ------------------------------------------------------------------------- */

static int
people_below(struct dir *d, const char *group, struct dir_members *m, struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, DIR_FILTER_MAX);
	gh_buf_puts(&b, "(&(objectCategory=person)(objectClass=user)");
	dir_filter_equal(&b, "memberOf:1.2.840.113556.1.4.1941:", group, strlen(group));
	gh_buf_putc(&b, ')');
	if ((rc = gh_buf_check(&b, err)) == 0)
		rc = search_dns(d, d->s->conf->directory.base, (const char *)b.data,
		    DIR_MEMBERS_MAX, m, err);
	gh_buf_free(&b);
	return rc;
}

/* --- elsewhere -------------------------------------------------------------------------------- */

static int
add_values(struct dir *d, LDAPMessage *entry, const char *attr, struct dir_members *out,
    struct gh_error *err)
{
	struct berval **v = ldap_get_values_len(d->service.ld, entry, attr);
	int rc = 0;

	for (size_t i = 0; v != NULL && v[i] != NULL && rc == 0; i++)
		if (memchr(v[i]->bv_val, '\0', v[i]->bv_len) == NULL)
			rc = add(out, v[i]->bv_val, DIR_MEMBERS_MAX + GROUPS_MAX, err);
	ldap_value_free_len(v);
	return rc;
}

/* The members of dn, added to *out. None: it is a person, or is not there. */
static int
read_members(struct dir *d, const char *dn, struct dir_members *out, struct gh_error *err)
{
	static const char *const attrs[] = {"member", "uniqueMember", NULL};
	const struct dir_query q = {dn, LDAP_SCOPE_BASE, "(objectClass=*)", attrs, 1};
	LDAPMessage *res, *entry;
	int rc = dir_search(d, &q, &res, err);

	if (rc != 0)
		return rc == GH_E_NOT_IN_DIRECTORY ? 0 : rc;
	entry = ldap_first_entry(d->service.ld, res);
	for (size_t i = 0; entry != NULL && rc == 0 && attrs[i] != NULL; i++)
		rc = add_values(d, entry, attrs[i], out, err);
	ldap_msgfree(res);
	return rc;
}

/* Level by level; groups are those that have been read, so that a ring ends by itself. What has no
 * members is a person. */
static int
walk(struct dir *d, struct dir_members *groups, struct dir_members *m, struct gh_error *err)
{
	size_t from = 0;
	int rc = 0;

	for (int level = 0; level < d->s->conf->directory.group_depth && rc == 0; level++) {
		size_t to = groups->n;

		for (; from < to && rc == 0; from++) {
			struct dir_members below = {0};

			rc = read_members(d, groups->dn[from], &below, err);
			if (rc == 0 && below.n == 0 && level > 0)
				rc = add(m, groups->dn[from], DIR_MEMBERS_MAX, err);
			for (size_t i = 0; i < below.n && rc == 0; i++)
				rc = add(groups, below.dn[i], DIR_MEMBERS_MAX + GROUPS_MAX, err);
			dir_members_clear(&below);
		}
	}
	m->is_cut |= groups->is_cut;
	return rc;
}

int
dir_members_read(struct dir *d, const char *group, struct dir_members *m, struct gh_error *err)
{
	struct dir_members groups = {0};
	int rc;

	if (strcmp(group, "*") == 0)
		return 0;
	rc = find_groups(d, group, &groups, err);
	if (rc == 0 && !d->s->profile.is_ad)
		rc = walk(d, &groups, m, err);
	for (size_t i = 0; d->s->profile.is_ad && i < groups.n && rc == 0; i++)
		rc = people_below(d, groups.dn[i], m, err);
	dir_members_clear(&groups);
	return rc;
}
