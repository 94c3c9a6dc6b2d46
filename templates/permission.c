/* Who may enroll: the groups of the template, and those of the profile on top. */
#include <strings.h>

#include "formats/csr_names.h"

#include "model.h"

/* Groups that hold every authenticated requester and that no directory lists as a membership. */
static bool
is_everybody(const char *group)
{
	return strcasecmp(group, "*") == 0 || strcasecmp(group, "S-1-1-0") == 0 ||
	    strcasecmp(group, "S-1-5-11") == 0;
}

bool
tmpl_is_member(const struct dir_entry *e, const char *group)
{
	return is_everybody(group) || (e != NULL && dir_entry_is_member(e, group));
}

bool
tmpl_is_in_group(const struct dir_entry *e, char *const *groups)
{
	for (; *groups != NULL; groups++) {
		if (tmpl_is_member(e, *groups))
			return true;
	}
	return false;
}

bool
tmpl_is_listed(const struct subject_source *from)
{
	return from->listed != NULL && from->listed->subject != NULL;
}

int
tmpl_check_listed(const struct tmpl *t, const struct subject_source *from, struct gh_error *err)
{
	if (!tmpl_names_are_listed(t) || tmpl_is_listed(from))
		return 0;
	return gh_refuse(err, GH_E_SUBJECT,
	    "the names of this template are those of the device table, which has none for who asks");
}

int
tmpl_may_enroll(const struct tmpl *t, const struct subject_source *from, char *const *extra_groups,
    struct gh_error *err)
{
	const struct dir_entry *e = from->entry;
	const char *who = e == NULL ? "who has no entry" : e->dn != NULL ? e->dn : "?";

	if (e == NULL && !from->needs_no_entry)
		return gh_fail(err, GH_E_TEMPLATE_DENIED, "no directory entry, template %s",
		    t->name);
	if (t->enroll_groups.n == 0 || !tmpl_is_in_group(e, t->enroll_groups.v))
		return gh_fail(err, GH_E_TEMPLATE_DENIED, "%s is in no group of template %s", who,
		    t->name);
	if (extra_groups != NULL && !tmpl_is_in_group(e, extra_groups))
		return gh_fail(err, GH_E_TEMPLATE_DENIED, "%s is in no group of the profile", who);
	return tmpl_check_listed(t, from, err);
}
