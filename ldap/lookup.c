/* Looking up one requester. The rule everywhere: exactly one entry, or none at all. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "timestamp.h"

#include "account.h"
#include "entry_dn.h"
#include "filter.h"
#include "groups.h"
#include "identity.h"
#include "name.h"
#include "search.h"

#include "lookup.h"

/* What is read beside the entry itself. */
struct found {
	struct dir_entry *entry; /* NULL: no such entry */
	struct berval **member_of;
	bool is_locked;
};

static void
found_clear(struct found *f)
{
	dir_entry_free(f->entry);
	ldap_value_free_len(f->member_of);
	memset(f, 0, sizeof *f);
}

/* --- reading an entry ------------------------------------------------------------------------- */

/* "00112233-4455-..." (OpenLDAP's entryUUID) into the octets that objectGUID has: the first three
 * fields little-endian (MS-DTYP 2.3.4). false when it is no such text. */
static bool
guid_from_text(const struct berval *v, unsigned char out[16])
{
	static const unsigned char at[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	size_t n = 0;

	if (v->bv_len != 36)
		return false;
	for (size_t i = 0; i < v->bv_len; i++) {
		char pair[3] = {v->bv_val[i], 0, 0}, *end;

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (v->bv_val[i] != '-')
				return false;
			continue;
		}
		pair[1] = v->bv_val[++i];
		out[at[n++]] = (unsigned char)strtoul(pair, &end, 16);
		if (end != pair + 2)
			return false;
	}
	return true;
}

static int
add_value(struct dir_entry *e, enum dir_attr a, const struct berval *v)
{
	unsigned char guid[16];

	if (a == DIR_OBJECT_GUID && guid_from_text(v, guid))
		return dir_entry_add(e, a, guid, sizeof guid);
	return dir_entry_add(e, a, v->bv_val, v->bv_len);
}

static int
read_attributes(const struct dir_profile *p, LDAP *ld, LDAPMessage *m, struct dir_entry *e)
{
	int rc = 0;

	for (int a = 0; a < DIR_ATTR_COUNT && rc == 0; a++) {
		struct berval **v = ldap_get_values_len(ld, m, p->attr[a]);

		for (size_t i = 0; v != NULL && v[i] != NULL && rc == 0; i++)
			rc = add_value(e, (enum dir_attr)a, v[i]);
		ldap_value_free_len(v);
	}
	if (rc == 0 && e->attr[DIR_OBJECT_SID].n != 0)
		e->sid = dir_sid_text(e->attr[DIR_OBJECT_SID].v[0].data,
		    e->attr[DIR_OBJECT_SID].v[0].len);
	return rc;
}

static bool
has_class(struct berval **v, const char *name)
{
	for (size_t i = 0; v != NULL && v[i] != NULL; i++)
		if (v[i]->bv_len == strlen(name) &&
		    strncasecmp(v[i]->bv_val, name, v[i]->bv_len) == 0)
			return true;
	return false;
}

static bool
is_computer(const struct dir_profile *p, LDAP *ld, LDAPMessage *m)
{
	struct berval **v = ldap_get_values_len(ld, m, "objectClass");
	bool yes = has_class(v, "computer") || (!p->is_ad && has_class(v, "device"));

	ldap_value_free_len(v);
	return yes;
}

static void
read_password_mark(const struct dir_profile *p, LDAP *ld, LDAPMessage *m, struct dir_entry *e)
{
	struct berval **v = ldap_get_values_len(ld, m, p->password_mark);

	if (v != NULL && v[0] != NULL && v[0]->bv_len < sizeof e->password_mark)
		memcpy(e->password_mark, v[0]->bv_val, v[0]->bv_len);
	ldap_value_free_len(v);
}

static int
read_entry(struct dir *d, LDAPMessage *m, struct found *f, struct gh_error *err)
{
	LDAP *ld = d->service.ld;
	char *dn = ldap_get_dn(ld, m);
	struct berval **locked;

	f->entry = dir_entry_new();
	/* the empty DN would make a bind anonymous */
	if (f->entry != NULL && dn != NULL && *dn != '\0')
		f->entry->dn = strdup(dn);
	ldap_memfree(dn);
	if (f->entry == NULL || f->entry->dn == NULL ||
	    read_attributes(&d->s->profile, ld, m, f->entry) != 0) {
		found_clear(f);
		return gh_fail(err, GH_E_NOMEM, "directory entry");
	}
	dir_identity_read(&d->s->profile, ld, m, f->entry);
	read_password_mark(&d->s->profile, ld, m, f->entry);
	f->entry->is_computer = is_computer(&d->s->profile, ld, m);
	f->entry->is_principal = d->s->profile.is_ad;
	f->entry->fetched = gh_now();
	if (!d->s->profile.is_ad) {
		f->member_of = ldap_get_values_len(ld, m, DIR_MEMBER_OF);
		locked = ldap_get_values_len(ld, m, DIR_LOCKED_TIME);
		f->is_locked = locked != NULL;
		ldap_value_free_len(locked);
	}
	return 0;
}

/* --- searching -------------------------------------------------------------------------------- */

/* f->entry stays NULL when there is none. More than one: GH_E_NOT_IN_DIRECTORY. A base that is not
 * there is an answer when it was asked for (by DN), and a wrong configuration otherwise. */
static int
search_one(struct dir *d, const char *base, int scope, const char *filter, struct found *f,
    struct gh_error *err)
{
	const struct dir_query q = {base, scope, filter, d->s->profile.request, 2};
	LDAPMessage *res;
	int n, rc = dir_search(d, &q, &res, err);

	if (rc == GH_E_NOT_IN_DIRECTORY && scope != LDAP_SCOPE_BASE)
		return gh_fail(err, GH_E_DIR_DOWN,
		    "directory.base is not there, or may not be read: %.200s",
		    d->service.diagnostic);
	if (rc != 0)
		return rc;
	n = ldap_count_entries(d->service.ld, res);
	if (n > 1)
		rc = gh_fail(err, GH_E_NOT_IN_DIRECTORY, "not unique: %.300s", filter);
	else if (n == 1)
		rc = read_entry(d, ldap_first_entry(d->service.ld, res), f, err);
	ldap_msgfree(res);
	return rc;
}

static int
try_pattern(struct dir *d, const char *pattern, const char *s, const struct dir_name *name,
    struct found *f, struct gh_error *err)
{
	const char *base = d->s->conf->directory.base;
	struct gh_buf b;
	int rc;

	if (pattern == NULL || f->entry != NULL)
		return 0;
	gh_buf_init(&b, DIR_FILTER_MAX);
	dir_filter_expand(&b, pattern, s, name->full);
	if ((rc = gh_buf_check(&b, err)) == 0)
		rc = search_one(d, base, LDAP_SCOPE_SUBTREE, (const char *)b.data, f, err);
	gh_buf_free(&b);
	return rc;
}

/* Elsewhere than in Active Directory nothing keeps one from writing ANOTHER@REALM into his own
 * mail: then the name stands for two. (For Active Directory see dir_identity_check.) */
static int
check_account(struct dir *d, const struct dir_name *name, const struct dir_entry *e,
    struct gh_error *err)
{
	struct found other = {0};
	int rc = 0;

	if (*name->local != '\0')
		rc = try_pattern(d, d->s->profile.user, name->local, name, &other, err);
	if (rc == 0 && other.entry != NULL && strcmp(other.entry->dn, e->dn) != 0)
		rc = gh_fail(err, GH_E_NOT_IN_DIRECTORY,
		    "\"%.100s\" is a name of %.100s and the account of %.100s", name->full, e->dn,
		    other.entry->dn);
	found_clear(&other);
	return rc;
}

/* A principal name is looked for as such; only then, if the realm is ours, as an account name:
 * Active Directory's implicit name alice@realm is in no attribute. */
static int
find_principal(struct dir *d, const struct dir_name *name, struct found *f, struct gh_error *err)
{
	const struct dir_profile *p = &d->s->profile;
	const char *s = *name->local != '\0' ? name->local : name->full;
	int rc;

	if (p->upn == NULL)
		return try_pattern(d, p->user, s, name, f, err);
	if ((rc = try_pattern(d, p->upn, s, name, f, err)) != 0 ||
	    (rc = try_pattern(d, p->mail, s, name, f, err)) != 0)
		return rc;
	if (f->entry != NULL)
		return p->is_ad ? 0 : check_account(d, name, f->entry, err);
	return *name->local != '\0' ? try_pattern(d, p->user, s, name, f, err) : 0;
}

static int
find_by_kind(struct dir *d, const struct dir_name *name, struct found *f, struct gh_error *err)
{
	const struct dir_profile *p = &d->s->profile;

	switch (name->kind) {
	case DIR_NAME_PRINCIPAL:
		return find_principal(d, name, f, err);
	case DIR_NAME_COMPUTER:
		return try_pattern(d, p->computer, name->local, name, f, err);
	case DIR_NAME_HOST:
		return try_pattern(d, p->host, name->local, name, f, err);
	case DIR_NAME_USER:
		break;
	}
	return try_pattern(d, p->user, name->local, name, f, err);
}

/* --- completing an entry ---------------------------------------------------------------------- */

/* Takes f->entry over into *out. */
static int
complete(struct dir *d, struct found *f, struct dir_entry **out, struct gh_error *err)
{
	struct dir_entry *e = f->entry;
	int rc;

	e->is_disabled = f->is_locked || dir_account_is_disabled(e, e->fetched);
	if ((rc = dir_identity_check(d, e, err)) != 0 ||
	    (rc = dir_groups_read(d, e, f->member_of, err)) != 0)
		return rc;
	*out = e;
	f->entry = NULL;
	return 0;
}

int
dir_lookup_name(struct dir *d, const char *text, struct dir_entry **out, struct gh_error *err)
{
	const struct gh_conf *conf = d->s->conf;
	struct found f = {0};
	struct dir_name name;
	int rc;

	*out = NULL;
	if ((rc = dir_name_parse(text, conf->directory.netbios_domain, conf->directory.realm, &name,
		 err)) != 0)
		return rc;
	rc = find_by_kind(d, &name, &f, err);
	if (rc == 0 && f.entry == NULL)
		rc = gh_fail(err, GH_E_NOT_IN_DIRECTORY, "no entry for \"%.200s\"", text);
	if (rc == 0) {
		/* what a computer is, a domain says itself; elsewhere the class of its entry is
		 * anybody's choice */
		if (!d->s->profile.is_ad &&
		    (name.kind == DIR_NAME_COMPUTER || name.kind == DIR_NAME_HOST))
			f.entry->is_computer = true;
		rc = complete(d, &f, out, err);
	}
	found_clear(&f);
	return rc;
}

int
dir_lookup_dn(struct dir *d, const char *dn, struct dir_entry **out, struct gh_error *err)
{
	struct dir_dn *parsed = dir_dn_parse(dn);
	struct found f = {0};
	int rc;

	*out = NULL;
	/* "" is the rootDSE, "<SID=...>" some other entry: neither is a name for a person */
	if (parsed == NULL)
		return gh_fail(err, GH_E_NOT_IN_DIRECTORY, "\"%.200s\" is no DN", dn);
	dir_dn_free(parsed);
	rc = search_one(d, dn, LDAP_SCOPE_BASE, "(objectClass=*)", &f, err);
	if (rc == 0 && f.entry == NULL)
		rc = gh_fail(err, GH_E_NOT_IN_DIRECTORY, "no entry \"%.200s\"", dn);
	if (rc == 0)
		rc = complete(d, &f, out, err);
	found_clear(&f);
	return rc;
}

/* Directories compare entryUUID as text, and objectGUID as its octets. */
int
dir_lookup_id(struct dir *d, const char *id, struct dir_entry **out, struct gh_error *err)
{
	const struct berval text = {strlen(id), (char *)(uintptr_t)id}; /* only read */
	struct found f = {0};
	unsigned char guid[16];
	struct gh_buf b;
	int rc;

	*out = NULL;
	if (!guid_from_text(&text, guid))
		return gh_fail(err, GH_E_NOT_IN_DIRECTORY, "\"%.100s\" is no id", id);
	gh_buf_init(&b, DIR_FILTER_MAX);
	if (d->s->profile.is_ad)
		dir_filter_equal(&b, d->s->profile.id, guid, sizeof guid);
	else
		dir_filter_equal(&b, d->s->profile.id, id, strlen(id));
	if ((rc = gh_buf_check(&b, err)) == 0)
		rc = search_one(d, d->s->conf->directory.base, LDAP_SCOPE_SUBTREE,
		    (const char *)b.data, &f, err);
	gh_buf_free(&b);
	if (rc == 0 && f.entry == NULL)
		rc = gh_fail(err, GH_E_NOT_IN_DIRECTORY, "no entry has the id %.100s", id);
	if (rc == 0)
		rc = complete(d, &f, out, err);
	found_clear(&f);
	return rc;
}
