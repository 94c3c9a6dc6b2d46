/* Rules that choose a CA are written here. */
#include <stdio.h>

#include "named_row.h"

/* "CA mobile, priority 10, network 10.1.0.0/16": the rule as it is from now on. Cut where it is too
 * long. */
static void
describe(const gh_json *rule, char *out, size_t size)
{
	static const char *const names[] = {"tenant", "purpose", "email_domain", "network", "group",
	    "template"};
	const char *ca = gh_json_string(gh_json_get(rule, "ca"));
	int64_t priority = 0;
	size_t n;

	(void)gh_json_int(gh_json_get(rule, "priority"), &priority);
	snprintf(out, size, "CA %s, priority %lld", ca != NULL ? ca : "?", (long long)priority);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = gh_json_string(gh_json_get(rule, names[i]));

		n = strlen(out);
		if (text != NULL)
			snprintf(out + n, size - n, ", %s %s", names[i], text);
	}
}

static const struct named_row_kind kind = {
    .table = GRANT_CA_RULE,
    .added = "ca.rule.added",
    .changed = "ca.rule.changed",
    .removed = "ca.rule.deleted",
    .taken = "There is a rule of this name already.",
    .what = "rule",
    .list = "gatehouse ca rule list",
    .remove = {"ca_rule_delete", "DELETE FROM ca_rule WHERE id = $1"},
    .describe = describe,
};

int
store_add_ca_rule(struct store *s, const struct requester *who, const gh_json *rule,
    struct gh_error *err)
{
	return named_row_add(s, who, &kind, rule, err);
}

int
store_change_ca_rule(struct store *s, const struct requester *who, const char *name,
    const gh_json *changes, int (*check)(const gh_json *rule, struct gh_error *err),
    struct gh_error *err)
{
	return named_row_change(s, who, &kind, name, changes, check, err);
}

int
store_delete_ca_rule(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err)
{
	return named_row_remove(s, who, &kind, name, err);
}
