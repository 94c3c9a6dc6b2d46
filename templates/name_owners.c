/* The list of owners, sorted by kind and pattern. See name_owners.h. */
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "name_owners.h"

#define GROUP "group:"
#define USER "user:"

struct name_owners {
	struct name_owner *list;
	size_t n;
	char *text; /* of all */
};

/* --- one entry -------------------------------------------------------------------------------- */

/* What comes behind the prefix; NULL: another prefix. */
static const char *
behind(const char *owner, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(owner, prefix, n) == 0 && owner[n] != '\0' ? owner + n : NULL;
}

/* "1b4e28ba-2fa1-11d2-883f-0016d3cca427": objectGUID or entryUUID as dir_entry.h has it */
static bool
is_uuid(const char *s)
{
	if (strlen(s) != DIR_ID_SIZE - 1)
		return false;
	for (int i = 0; i < DIR_ID_SIZE - 1; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? s[i] != '-' : strchr("0123456789abcdefABCDEF", s[i]) == NULL)
			return false;
	}
	return true;
}

static bool
is_dn(const char *s)
{
	struct tmpl_dn *dn;

	if (strchr(s, '=') == NULL || tmpl_dn_parse(s, &dn, NULL) != 0)
		return false;
	tmpl_dn_free(dn);
	return true;
}

static int
check_owner(const char *owner, struct gh_error *err)
{
	const char *group = behind(owner, GROUP), *user = behind(owner, USER);

	if (strlen(owner) >= NAME_OWNER_SIZE || !tmpl_text_is_utf8(owner, strlen(owner), NULL))
		return gh_refuse(err, GH_E_VALIDATION,
		    "owner: is longer than %d bytes, or holds control characters",
		    NAME_OWNER_SIZE - 1);
	if (group != NULL && tmpl_is_low_group(group))
		return gh_refuse(err, GH_E_VALIDATION,
		    "owner: about everybody is in the group %.80s: say in the template what "
		    "everybody may name (naming.byGroup)",
		    group);
	if (group != NULL && strchr(group, '=') != NULL && !is_dn(group))
		return gh_refuse(err, GH_E_VALIDATION, "owner: %.80s is not a DN", group);
	/* a name to log in with can be given to somebody else, a mail address and a cn be edited */
	if (user != NULL && !is_uuid(user) && !tmpl_text_is_sid(user) && !is_dn(user))
		return gh_refuse(err, GH_E_VALIDATION,
		    "owner: a user is named by DN, SID or the UUID of his entry, not by %.80s: "
		    "`gatehouse directory test` shows them",
		    user);
	if (group == NULL && user == NULL)
		return gh_refuse(err, GH_E_VALIDATION,
		    "owner: must be group:NAME or user:DN (also by SID, a user by UUID)");
	return 0;
}

int
name_owner_check(const struct name_owner *o, char out[NAME_FORM_SIZE], struct gh_error *err)
{
	const char *why;

	if (o->kind != NAME_DNS && o->kind != NAME_EMAIL && o->kind != NAME_IP)
		return gh_refuse(err, GH_E_VALIDATION, "kind: must be dns, email or ip");
	if (!name_form_pattern(o->kind, o->pattern, out, &why))
		return gh_refuse(err, GH_E_VALIDATION, "pattern: \"%.128s\" %s", o->pattern, why);
	if (strcmp(out, "*") == 0 || (o->kind == NAME_IP && name_form_is_loose(o->kind, out)))
		return gh_refuse(err, GH_E_VALIDATION,
		    "pattern: %.64s covers more than one owner has", out);
	return check_owner(o->owner, err);
}

/* --- the list --------------------------------------------------------------------------------- */

static int
compare_name(const struct name_owner *o, enum name_kind kind, const char *pattern)
{
	return o->kind != kind ? (o->kind < kind ? -1 : 1) : strcmp(o->pattern, pattern);
}

static int
compare(const void *a, const void *b)
{
	const struct name_owner *x = a, *y = b;
	int cmp = compare_name(x, y->kind, y->pattern);

	return cmp != 0 ? cmp : strcmp(x->owner, y->owner);
}

static const char *
put(char **end, const char *text)
{
	size_t n = strlen(text) + 1;
	char *at = *end;

	memcpy(at, text, n);
	*end += n;
	return at;
}

/* The owner of the entry before is not stored twice: the rows come by owner. */
static bool
is_owner_of(const struct name_owner *list, size_t i)
{
	return i > 0 && strcmp(list[i].owner, list[i - 1].owner) == 0;
}

static size_t
text_size(const struct name_owner *list, size_t n)
{
	size_t size = 1;

	for (size_t i = 0; i < n; i++)
		size += strlen(list[i].pattern) + 1 +
		    (is_owner_of(list, i) ? 0 : strlen(list[i].owner) + 1);
	return size;
}

int
name_owners_new(const struct name_owner *list, size_t n, struct name_owners **out,
    struct gh_error *err)
{
	struct name_owners *o;
	char *end;

	*out = NULL;
	if (n > NAME_OWNERS_MAX)
		return gh_refuse(err, GH_E_VALIDATION, "the list of owners has more than %d names",
		    NAME_OWNERS_MAX);
	if ((o = calloc(1, sizeof(*o))) == NULL ||
	    (o->list = calloc(n + 1, sizeof(*o->list))) == NULL ||
	    (o->text = malloc(text_size(list, n))) == NULL) {
		name_owners_free(o);
		return gh_fail(err, GH_E_NOMEM, "list of owners");
	}
	end = o->text;
	for (size_t i = 0; i < n; i++) {
		o->list[i].kind = list[i].kind;
		o->list[i].pattern = put(&end, list[i].pattern);
		o->list[i].owner =
		    is_owner_of(list, i) ? o->list[i - 1].owner : put(&end, list[i].owner);
	}
	o->n = n;
	qsort(o->list, n, sizeof(*o->list), compare);
	*out = o;
	return 0;
}

void
name_owners_free(struct name_owners *o)
{
	if (o == NULL)
		return;
	free(o->list);
	free(o->text);
	free(o);
}

/* --- asking ----------------------------------------------------------------------------------- */

static bool
is_owner(const char *owner, const struct dir_entry *e)
{
	const char *group = behind(owner, GROUP), *user = behind(owner, USER);

	if (group != NULL)
		return !tmpl_is_low_group(group) && dir_entry_is_member(e, group);
	return user != NULL && dir_entry_is(e, user);
}

/* The first entry of the pattern, or where it would be. */
static size_t
find(const struct name_owners *o, enum name_kind kind, const char *pattern)
{
	size_t low = 0, high = o->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_name(&o->list[mid], kind, pattern) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct search {
	const struct name_owners *owners;
	enum name_kind kind;
	const struct dir_entry *entry;
	const struct name_owner *found;
};

static bool
take(void *arg, const char *pattern)
{
	struct search *s = arg;
	const struct name_owners *o = s->owners;

	for (size_t i = find(o, s->kind, pattern);
	     i < o->n && compare_name(&o->list[i], s->kind, pattern) == 0; i++)
		if (is_owner(o->list[i].owner, s->entry)) {
			s->found = &o->list[i];
			return true;
		}
	return false;
}

const struct name_owner *
name_owners_find(const struct name_owners *o, enum name_kind kind, const char *form,
    const struct dir_entry *e)
{
	struct search s = {o, kind, e, NULL};

	if (o != NULL && e != NULL)
		(void)name_form_covers(kind, form, take, &s);
	return s.found;
}
