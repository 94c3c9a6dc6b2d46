/* Rules for names of requests. See naming.h. */
#include <stdio.h>
#include <string.h>

#include "utf8.h"

#include "model.h"
#include "naming.h"

static bool
is_in_list(void *arg, const char *pattern)
{
	return tmpl_list_has(arg, pattern);
}

/* The first rule for a group of his that has the name. */
static const struct tmpl_name_rule *
find_rule(const struct tmpl_naming_rules *r, const struct dir_entry *e, enum name_kind kind,
    const char *form)
{
	for (size_t i = 0; i < r->rules; i++) {
		/* the list first: a membership by DN costs more */
		struct tmpl_list list = r->rule[i].pattern[kind]; /* the callback takes no const */

		if (list.n > 0 && name_form_covers(kind, form, is_in_list, &list) &&
		    tmpl_is_member(e, r->rule[i].group))
			return &r->rule[i];
	}
	return NULL;
}

/* Nobody answers for names of accounts and URIs that no rule has. */
static enum name_verdict
otherwise(const struct tmpl_naming_rules *r, enum name_kind kind)
{
	return kind != NAME_URI && kind != NAME_UPN && r->otherwise == TMPL_OTHERWISE_APPROVAL
	    ? NAME_WAITS
	    : NAME_DENIED;
}

void
naming_ask(const struct tmpl *t, const struct name_owners *owners, const struct dir_entry *e,
    enum name_kind kind, const char *text, struct name_answer *out)
{
	const struct tmpl_naming_rules *r = &t->naming;
	const struct tmpl_name_rule *rule;
	const struct name_owner *owner;
	char form[NAME_FORM_SIZE];
	const char *why;

	*out = (struct name_answer){.verdict = NAME_ALLOWED};
	if (!r->is_set) {
		snprintf(out->why, sizeof(out->why), "the template has no naming");
	} else if (!name_form(kind, text, form, &why)) {
		out->verdict = otherwise(r, kind);
		out->has_no_form = true;
		snprintf(out->why, sizeof(out->why), "%s", why);
	} else if ((rule = find_rule(r, e, kind, form)) != NULL) {
		snprintf(out->why, sizeof(out->why), "rule of the template for group %.200s",
		    rule->group);
	} else if (r->owners && (owner = name_owners_find(owners, kind, form, e)) != NULL) {
		snprintf(out->why, sizeof(out->why), "%.100s of %.200s", owner->pattern,
		    owner->owner);
	} else {
		out->verdict = otherwise(r, kind);
		snprintf(out->why, sizeof(out->why), "no rule %sallows it",
		    r->owners ? "and no owner " : "");
	}
	gh_utf8_clean(out->why);
}
