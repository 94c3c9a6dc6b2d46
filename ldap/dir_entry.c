/* One directory entry as a value: attributes, groups, reference count, group membership. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "entry_dn.h"

#include "dir_entry.h"

static const char *const attr_names[DIR_ATTR_COUNT] = {
    [DIR_CN] = "cn",
    [DIR_DISPLAY_NAME] = "displayName",
    [DIR_GIVEN_NAME] = "givenName",
    [DIR_SURNAME] = "surname",
    [DIR_MAIL] = "mail",
    [DIR_UPN] = "upn",
    [DIR_DNS_HOST_NAME] = "dnsHostName",
    [DIR_SAM_ACCOUNT_NAME] = "samAccountName",
    [DIR_SPN] = "spn",
    [DIR_OBJECT_GUID] = "objectGuid",
    [DIR_OBJECT_SID] = "objectSid",
    [DIR_OU] = "ou",
    [DIR_O] = "o",
    [DIR_TITLE] = "title",
    [DIR_ACCOUNT_CONTROL] = "accountControl",
    [DIR_ACCOUNT_EXPIRES] = "accountExpires",
    [DIR_PREFERRED_LANGUAGE] = "preferredLanguage",
};

struct dir_entry *
dir_entry_new(void)
{
	struct dir_entry *e = calloc(1, sizeof *e);

	if (e != NULL)
		e->refs = 1;
	return e;
}

struct dir_entry *
dir_entry_ref(struct dir_entry *e)
{
	if (e != NULL)
		__atomic_add_fetch(&e->refs, 1, __ATOMIC_RELAXED);
	return e;
}

static void
values_clear(struct dir_values *vs)
{
	for (size_t i = 0; i < vs->n; i++)
		free(vs->v[i].data);
	free(vs->v);
}

static void
group_clear(struct dir_group *g)
{
	free(g->dn);
	free(g->name);
	free(g->sid);
}

void
dir_entry_free(struct dir_entry *e)
{
	/* release and acquire: the last one sees what the others did before they let go */
	if (e == NULL || __atomic_sub_fetch(&e->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	for (size_t a = 0; a < DIR_ATTR_COUNT; a++)
		values_clear(&e->attr[a]);
	for (size_t i = 0; i < e->groups; i++)
		group_clear(&e->group[i]);
	free(e->group);
	free(e->sid);
	free(e->dn);
	free(e);
}

const char *
dir_entry_text(const struct dir_entry *e, enum dir_attr a)
{
	const struct dir_value *v;

	if (e == NULL || a >= DIR_ATTR_COUNT || e->attr[a].n == 0)
		return NULL;
	v = &e->attr[a].v[0];
	if (v->len == 0 || memchr(v->data, '\0', v->len) != NULL)
		return NULL;
	return (const char *)v->data;
}

const char *
dir_attr_name(enum dir_attr a)
{
	return a < DIR_ATTR_COUNT ? attr_names[a] : NULL;
}

int
dir_entry_add(struct dir_entry *e, enum dir_attr a, const void *p, size_t n)
{
	struct dir_values *vs = &e->attr[a];
	unsigned char *data;
	struct dir_value *v;

	if ((v = realloc(vs->v, (vs->n + 1) * sizeof *v)) == NULL)
		return -1;
	vs->v = v;
	if ((data = malloc(n + 1)) == NULL)
		return -1;
	if (n != 0)
		memcpy(data, p, n);
	data[n] = '\0';
	vs->v[vs->n++] = (struct dir_value){data, n};
	return 0;
}

int
dir_entry_add_group(struct dir_entry *e, const char *dn, const char *name, const char *sid)
{
	struct dir_group *list, g;

	if ((list = realloc(e->group, (e->groups + 1) * sizeof *list)) == NULL)
		return -1;
	e->group = list;
	g.dn = strdup(dn != NULL ? dn : "");
	g.name = strdup(name != NULL ? name : "");
	g.sid = strdup(sid != NULL ? sid : "");
	if (g.dn == NULL || g.name == NULL || g.sid == NULL) {
		group_clear(&g);
		return -1;
	}
	e->group[e->groups++] = g;
	return 0;
}

/* --- membership ------------------------------------------------------------------------------- */

static bool
has_group_dn(const struct dir_entry *e, const struct dir_dn *wanted)
{
	bool found = false;

	for (size_t i = 0; i < e->groups && !found; i++) {
		struct dir_dn *dn = dir_dn_parse(e->group[i].dn);

		found = dn != NULL && dir_dn_is_equal(dn, wanted);
		dir_dn_free(dn);
	}
	return found;
}

static bool
has_group_text(const struct dir_entry *e, const char *text)
{
	for (size_t i = 0; i < e->groups; i++)
		if (strcasecmp(e->group[i].sid, text) == 0 ||
		    strcasecmp(e->group[i].name, text) == 0)
			return true;
	return false;
}

bool
dir_entry_is_member(const struct dir_entry *e, const char *group)
{
	struct dir_dn *wanted;
	bool found;

	if (e == NULL || group == NULL || *group == '\0')
		return false;
	if (strcmp(group, "*") == 0 || has_group_text(e, group))
		return true;
	if (strchr(group, '=') == NULL || (wanted = dir_dn_parse(group)) == NULL)
		return false;
	found = has_group_dn(e, wanted);
	dir_dn_free(wanted);
	return found;
}

bool
dir_entry_is(const struct dir_entry *e, const char *who)
{
	struct dir_dn *wanted, *own;
	bool is_same;

	if (e == NULL || *who == '\0')
		return false;
	if (strcasecmp(e->id, who) == 0 || (e->sid != NULL && strcasecmp(e->sid, who) == 0))
		return true;
	if (e->dn == NULL || strchr(who, '=') == NULL || (wanted = dir_dn_parse(who)) == NULL)
		return false;
	own = dir_dn_parse(e->dn);
	is_same = own != NULL && dir_dn_is_equal(own, wanted);
	dir_dn_free(own);
	dir_dn_free(wanted);
	return is_same;
}
