/*
 * Group membership. Active Directory computes it (tokenGroups, which holds nested groups and the
 * primary one, as SIDs). Elsewhere we take memberOf, which may hold direct groups only, and walk
 * upwards over member and uniqueMember.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"

#include "entry_dn.h"
#include "filter.h"
#include "search.h"

#include "groups.h"

#define BATCH 50        /* groups asked for in one search */
#define GROUPS_MAX 4096 /* of one entry */

static const char *
group_base(const struct dir *d)
{
	const char *base = d->s->conf->directory.group_base;

	return *base != '\0' ? base : d->s->conf->directory.base;
}

/* First value as text, malloc'd; NULL when there is none. */
static char *
first_value(LDAP *ld, LDAPMessage *entry, const char *attr)
{
	struct berval **v = ldap_get_values_len(ld, entry, attr);
	char *text = NULL;

	if (v != NULL && v[0] != NULL && memchr(v[0]->bv_val, '\0', v[0]->bv_len) == NULL)
		text = strndup(v[0]->bv_val, v[0]->bv_len);
	ldap_value_free_len(v);
	return text;
}

static char *
first_sid(LDAP *ld, LDAPMessage *entry, const char *attr)
{
	struct berval **v = ldap_get_values_len(ld, entry, attr);
	char *text = NULL;

	if (v != NULL && v[0] != NULL)
		text = dir_sid_text((unsigned char *)v[0]->bv_val, v[0]->bv_len);
	ldap_value_free_len(v);
	return text;
}

static struct dir_group *
find_dn(struct dir_entry *e, const char *dn)
{
	for (size_t i = 0; i < e->groups; i++)
		if (strcasecmp(e->group[i].dn, dn) == 0)
			return &e->group[i];
	return NULL;
}

static bool
has_sid(const struct dir_entry *e, const char *sid)
{
	for (size_t i = 0; i < e->groups; i++)
		if (strcmp(e->group[i].sid, sid) == 0)
			return true;
	return false;
}

/* Adds one group that a search returned; one already known by memberOf only gets its name. */
static int
add_found(struct dir *d, struct dir_entry *e, LDAPMessage *entry)
{
	LDAP *ld = d->service.ld;
	char *dn = ldap_get_dn(ld, entry), *name = first_value(ld, entry, d->s->profile.group_name),
	     *sid = first_sid(ld, entry, d->s->profile.attr[DIR_OBJECT_SID]);
	struct dir_group *known = dn != NULL ? find_dn(e, dn) : NULL;
	int rc = dn != NULL ? 0 : -1;

	if (known != NULL && name != NULL && *known->name == '\0') {
		free(known->name);
		known->name = name;
		name = NULL;
	} else if (known == NULL && dn != NULL) {
		rc = dir_entry_add_group(e, dn, name, sid);
	}
	ldap_memfree(dn);
	free(name);
	free(sid);
	return rc;
}

static int
search_groups(struct dir *d, struct dir_entry *e, const char *filter, struct gh_error *err)
{
	const char *attrs[] = {d->s->profile.group_name, d->s->profile.attr[DIR_OBJECT_SID], NULL};
	const struct dir_query q = {group_base(d), LDAP_SCOPE_SUBTREE, filter, attrs, 0};
	LDAPMessage *res, *m;
	int rc = dir_search(d, &q, &res, err);

	if (rc == GH_E_NOT_IN_DIRECTORY)
		return gh_fail(err, GH_E_DIR_DOWN, "group base \"%.200s\" is not there",
		    group_base(d));
	if (rc != 0)
		return rc;
	for (m = ldap_first_entry(d->service.ld, res); m != NULL && rc == 0;
	     m = ldap_next_entry(d->service.ld, m)) {
		if (e->groups >= GROUPS_MAX)
			rc = gh_fail(err, GH_E_DIR_DOWN, "%.200s: more than %d groups", e->dn,
			    GROUPS_MAX);
		else if (add_found(d, e, m) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "groups");
	}
	ldap_msgfree(res);
	return rc;
}

/* --- Active Directory ------------------------------------------------------------------------- */

/* The names of at most BATCH SIDs. */
static int
resolve(struct dir *d, struct dir_entry *e, struct berval **sid, size_t n, struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, DIR_FILTER_MAX);
	gh_buf_puts(&b, "(|");
	for (size_t i = 0; i < n; i++)
		dir_filter_equal(&b, d->s->profile.attr[DIR_OBJECT_SID], sid[i]->bv_val,
		    sid[i]->bv_len);
	gh_buf_putc(&b, ')');
	if ((rc = gh_buf_check(&b, err)) == 0)
		rc = search_groups(d, e, (const char *)b.data, err);
	gh_buf_free(&b);
	return rc;
}

/* A group of another domain has no entry here; its SID counts all the same. */
static int
add_unresolved(struct dir_entry *e, struct berval **sid, size_t n, struct gh_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		char *text = dir_sid_text((unsigned char *)sid[i]->bv_val, sid[i]->bv_len);

		if (text != NULL && !has_sid(e, text) &&
		    dir_entry_add_group(e, NULL, NULL, text) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "groups");
		free(text);
	}
	return rc;
}

static int
add_token(struct dir *d, struct dir_entry *e, struct berval **sid, struct gh_error *err)
{
	size_t n = (size_t)ldap_count_values_len(sid);
	int rc = 0;

	if (n > GROUPS_MAX)
		return gh_fail(err, GH_E_DIR_DOWN, "%.200s: more than %d groups", e->dn,
		    GROUPS_MAX);
	for (size_t i = 0; i < n && rc == 0; i += BATCH)
		rc = resolve(d, e, sid + i, n - i < BATCH ? n - i : BATCH, err);
	return rc != 0 ? rc : add_unresolved(e, sid, n, err);
}

/* MS-ADTS 3.1.1.4.5.19: constructed, only for a base search. */
static int
read_token(struct dir *d, struct dir_entry *e, struct gh_error *err)
{
	static const char *const attrs[] = {"tokenGroups", NULL};
	const struct dir_query q = {e->dn, LDAP_SCOPE_BASE, "(objectClass=*)", attrs, 1};
	LDAPMessage *res, *m;
	struct berval **sid = NULL;
	int rc = dir_search(d, &q, &res, err);

	if (rc != 0)
		return rc;
	if ((m = ldap_first_entry(d->service.ld, res)) != NULL)
		sid = ldap_get_values_len(d->service.ld, m, attrs[0]);
	ldap_msgfree(res);
	/* everybody has a primary group: none at all means that the service account may not read
	 * it */
	if (sid == NULL)
		return gh_fail(err, GH_E_DIR_DOWN,
		    "no tokenGroups of %.200s: may the service account read it?", e->dn);
	rc = add_token(d, e, sid, err);
	ldap_value_free_len(sid);
	return rc;
}

/* --- elsewhere -------------------------------------------------------------------------------- */

/*
 * A group is known by its name only where groups are kept: who may create one elsewhere must not
 * gain what a name like "pki-officers" grants. By its DN it counts wherever it lies.
 */
static char *
trusted_name(const char *dn, const struct dir_dn *base)
{
	struct dir_dn *parsed = dir_dn_parse(dn);
	char *name = NULL;

	if (parsed != NULL && base != NULL && dir_dn_is_under(parsed, base))
		name = dir_dn_common_name(dn);
	dir_dn_free(parsed);
	return name;
}

static int
add_member_of(struct dir *d, struct dir_entry *e, struct berval **dn, struct gh_error *err)
{
	struct dir_dn *base = dir_dn_parse(group_base(d));
	int rc = 0;

	for (size_t i = 0; dn != NULL && dn[i] != NULL && i < GROUPS_MAX && rc == 0; i++) {
		char *name;

		if (find_dn(e, dn[i]->bv_val) != NULL)
			continue;
		name = trusted_name(dn[i]->bv_val, base);
		if (dir_entry_add_group(e, dn[i]->bv_val, name, NULL) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "groups");
		free(name);
	}
	dir_dn_free(base);
	return rc;
}

static void
put_member(struct gh_buf *b, const char *dn)
{
	dir_filter_equal(b, "member", dn, strlen(dn));
	dir_filter_equal(b, "uniqueMember", dn, strlen(dn));
}

/* The groups that have one of e->group[from .. to) as member. */
static int
parents_of_groups(struct dir *d, struct dir_entry *e, size_t from, size_t to, struct gh_error *err)
{
	struct gh_buf b;
	int rc = 0;

	while (from < to && rc == 0) {
		gh_buf_init(&b, DIR_FILTER_MAX);
		gh_buf_puts(&b, "(|");
		for (size_t n = 0; n < BATCH && from < to; n++, from++)
			put_member(&b, e->group[from].dn);
		gh_buf_putc(&b, ')');
		if ((rc = gh_buf_check(&b, err)) == 0)
			rc = search_groups(d, e, (const char *)b.data, err);
		gh_buf_free(&b);
	}
	return rc;
}

static int
parents_of_entry(struct dir *d, struct dir_entry *e, struct gh_error *err)
{
	struct gh_buf b;
	int rc;

	gh_buf_init(&b, DIR_FILTER_MAX);
	gh_buf_puts(&b, "(|");
	put_member(&b, e->dn);
	gh_buf_putc(&b, ')');
	if ((rc = gh_buf_check(&b, err)) == 0)
		rc = search_groups(d, e, (const char *)b.data, err);
	gh_buf_free(&b);
	return rc;
}

/* Level by level. e->group is the set of those visited, so that a ring ends by itself. */
static int
walk(struct dir *d, struct dir_entry *e, struct gh_error *err)
{
	int depth = d->s->conf->directory.group_depth, rc = parents_of_entry(d, e, err);
	size_t from = 0, to;

	for (int level = 1; level < depth && rc == 0 && from < e->groups; level++) {
		to = e->groups;
		rc = parents_of_groups(d, e, from, to, err);
		from = to;
	}
	if (rc == 0 && from < e->groups)
		gh_log(GH_LOG_INFO, "groups of %.200s are nested deeper than directory.group_depth",
		    e->dn);
	return rc;
}

int
dir_groups_read(struct dir *d, struct dir_entry *e, struct berval **member_of, struct gh_error *err)
{
	int rc;

	if (d->s->profile.is_ad)
		return read_token(d, e, err);
	if ((rc = add_member_of(d, e, member_of, err)) != 0)
		return rc;
	return walk(d, e, err);
}
