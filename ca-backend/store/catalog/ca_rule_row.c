/* Rules that choose a CA are written here. Each change is one transaction with its audit row and
 * seals (grant.h). */
#include <stdio.h>

#include "store/grant/grant.h"

static const char taken[] = "There is a rule of this name already.";

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

static int
audit(struct store *s, const struct requester *who, const char *event, const gh_json *rule,
    struct gh_error *err)
{
	const char *name = gh_json_string(gh_json_get(rule, "name"));
	char detail[512];

	describe(rule, detail, sizeof(detail));
	return store_audit_change(s, who, event, name != NULL ? name : "?", detail, err);
}

int
store_add_ca_rule(struct store *s, const struct requester *who, const gh_json *rule,
    struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	struct grants g;
	int64_t id;
	int rc = row != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "rule");

	for (void *it = gh_json_iter(rule); rc == 0 && it != NULL; it = gh_json_next(rule, it))
		if (gh_json_set(row, gh_json_iter_name(it), gh_json_ref(gh_json_iter_value(it))) !=
		    0)
			rc = gh_fail(err, GH_E_NOMEM, "rule");
	if (rc == 0)
		rc = grant_open(s, &g, err);
	if (rc != 0) {
		gh_json_free(row);
		return rc;
	}
	if ((rc = grant_new_id(s, GRANT_CA_RULE, &id, err)) == 0 &&
	    gh_json_set_int(row, "id", id) != 0)
		rc = gh_fail(err, GH_E_NOMEM, "rule");
	if (rc == 0)
		rc = audit(s, who, "ca.rule.added", row, err);
	if (rc == 0)
		rc = grant_put(s, &g, GRANT_CA_RULE, row, taken, err);
	else
		gh_json_free(row);
	return grant_close(s, &g, rc, who, err);
}

static int
find(const struct grants *g, const char *name, struct grant_row **out, struct gh_error *err)
{
	*out = grant_find(g, GRANT_CA_RULE, "name", name);
	return *out != NULL
	    ? 0
	    : gh_refuse(err, GH_E_NOT_FOUND,
		  "there is no rule \"%.100s\": see `gatehouse ca rule list`", name);
}

int
store_change_ca_rule(struct store *s, const struct requester *who, const char *name,
    const gh_json *changes, int (*check)(const gh_json *rule, struct gh_error *err),
    struct gh_error *err)
{
	struct grant_row *rule;
	struct grants g;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	rc = find(&g, name, &rule, err);
	for (void *it = gh_json_iter(changes); rc == 0 && it != NULL;
	     it = gh_json_next(changes, it))
		if (gh_json_set(rule->content, gh_json_iter_name(it),
			gh_json_ref(gh_json_iter_value(it))) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "rule");
	if (rc == 0 && (rc = check(rule->content, err)) == 0)
		rc = audit(s, who, "ca.rule.changed", rule->content, err);
	if (rc == 0)
		rc = grant_put(s, &g, GRANT_CA_RULE, gh_json_ref(rule->content), taken, err);
	return grant_close(s, &g, rc, who, err);
}

int
store_delete_ca_rule(struct store *s, const struct requester *who, const char *name,
    struct gh_error *err)
{
	static const struct store_statement st = {"ca_rule_delete",
	    "DELETE FROM ca_rule WHERE id = $1"};
	struct grant_row *rule;
	struct grants g;
	int64_t id = 0;
	int rc;

	if ((rc = grant_open(s, &g, err)) != 0)
		return rc;
	if ((rc = find(&g, name, &rule, err)) == 0) {
		id = rule->seal.key;
		rc = audit(s, who, "ca.rule.deleted", rule->content, err);
	}
	if (rc == 0)
		rc = grant_remove(s, &g, GRANT_CA_RULE, id, &st, err);
	return grant_close(s, &g, rc, who, err);
}
