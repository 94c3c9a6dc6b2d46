/* Rules that show certificates to groups are written here. See view_rule_row.h. */
#include <stdio.h>

#include "named_row.h"
#include "view_rule_row.h"

static const char *
text_of(const gh_json *rule, const char *member)
{
	return gh_json_string(gh_json_get(rule, member));
}

/* "group web-team, template WebServer". Cut where it is too long. */
static void
describe(const gh_json *rule, char *out, size_t size)
{
	const char *group = text_of(rule, "group"), *field = text_of(rule, "field"),
		   *value = text_of(rule, "value"), *template_name = text_of(rule, "template"),
		   *ca = text_of(rule, "ca");

	if (group == NULL)
		group = "?";
	if (template_name != NULL)
		snprintf(out, size, "group %s, template %s", group, template_name);
	else if (ca != NULL)
		snprintf(out, size, "group %s, CA %s", group, ca);
	else
		snprintf(out, size, "group %s, metadata %s=%s", group, field != NULL ? field : "?",
		    value != NULL ? value : "?");
}

static const struct named_row_kind kind = {
    .table = GRANT_VIEW_RULE,
    .added = "view.rule-added",
    .changed = "view.rule-changed",
    .removed = "view.rule-removed",
    .taken = "There is a rule of this name already.",
    .what = "rule",
    .list = "gatehouse view list",
    .remove = {"view_rule_delete", "DELETE FROM view_rule WHERE id = $1"},
    .describe = describe,
};

int
store_add_view_rule(struct store *s, const struct requester *who, const gh_json *rule,
    struct gh_error *err)
{
	return named_row_add(s, who, &kind, rule, err);
}

int
store_remove_view_rule(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err)
{
	return named_row_remove(s, who, &kind, name, err);
}
