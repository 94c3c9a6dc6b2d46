/* `gatehouse ca rule`: which CA serves a request that names none. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/ca_rule.h"

#include "rule_trial.h"
#include "command.h"
#include "list.h"

static struct ca_rule_options o = {.priority = CA_RULE_NO_PRIORITY};

#define PRIORITY_DEFAULT 100

static const struct option_row options[] = {
    VERB_CONFIG,
    {"ca", 0, OPTION_TEXT, &o.ca, "NAME",
	"add, set: the CA that it chooses; test: the one asked for"},
    {"priority", 0, OPTION_NUMBER, &o.priority, "N",
	"add, set: the lowest number is looked at first (default: 100)"},
    {"tenant", 0, OPTION_TEXT, &o.tenant, "NAME",
	"only requests that say so; nobody checks that. set: \"\" for any, as with all below"},
    {"purpose", 0, OPTION_TEXT, &o.purpose, "PURPOSE",
	"only templates for it: server_auth, client_auth, email_protection or code_signing"},
    {"email-domain", 0, OPTION_TEXT, &o.email_domain, "DOMAIN",
	"only requesters whose mail in the directory is of DOMAIN; .DOMAIN: below it"},
    {"network", 0, OPTION_TEXT, &o.network, "NETS",
	"only clients with an address in one of these networks: \"10.1.0.0/16 2001:db8::/32\""},
    {"group", 'g', OPTION_TEXT, &o.group, "GROUP",
	"only members of GROUP (DN, name or SID); test: the group of who asks"},
    {"template", 't', OPTION_TEXT, &o.template_name, "NAME", "only requests for this template"},
    {"app", 'a', OPTION_TEXT, &o.app, "NAME", "test: through this application"},
    {"user", 0, OPTION_TEXT, &o.user, "NAME",
	"test: groups and mail of this user of the directory"},
    {"email", 0, OPTION_TEXT, &o.email, "MAIL", "test: his mail, in place of the directory's"},
    {"address", 0, OPTION_TEXT, &o.address, "IP", "test: where the client calls from"},
    VERB_JSON,
    OPTION_END,
};

/* ---- add, set ---- */

/* What is given, as members of a row; "": null. */
static int
put_given(gh_json *row, struct gh_error *err)
{
	const struct {
		const char *member, *value;
	} texts[] = {{"tenant", o.tenant}, {"purpose", o.purpose}, {"email_domain", o.email_domain},
	    {"network", o.network}, {"group", o.group}, {"template", o.template_name},
	    {"ca", o.ca}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].value != NULL &&
		    gh_json_set_string(row, texts[i].member,
			*texts[i].value != '\0' ? texts[i].value : NULL) != 0)
			return gh_fail(err, GH_E_NOMEM, "rule");
	if (o.priority != CA_RULE_NO_PRIORITY && gh_json_set_int(row, "priority", o.priority) != 0)
		return gh_fail(err, GH_E_NOMEM, "rule");
	return 0;
}

/* A misspelt CA or template would only be noticed by who is refused. */
static int
check_names(const struct verb_call *c, struct gh_error *err)
{
	gh_json *found = NULL;
	int rc = 0;

	if (o.ca != NULL) {
		rc = list_find_active(c->env.store, STORE_LIST_CAS, o.ca, &found, err);
		if (rc == 0 && gh_json_size(gh_json_get(found, "chain")) < 2)
			rc = gh_refuse(err, GH_E_CONF,
			    "CA %.100s is a root: rules never choose one", o.ca);
		gh_json_free(found);
	}
	if (rc != 0 || o.template_name == NULL || *o.template_name == '\0')
		return rc;
	rc = list_find(c->env.store, STORE_LIST_TEMPLATES, o.template_name, &found, err);
	gh_json_free(found);
	return rc;
}

static int
check_rule(const gh_json *rule, struct gh_error *err)
{
	struct ca_rule r;
	int rc = ca_rule_load(rule, &r, err);

	if (rc == 0)
		ca_rule_clear(&r);
	return rc;
}

/* Such a rule is no mistake where it only sorts. */
static int
warn(struct verb_call *c, const gh_json *row, struct gh_error *err)
{
	const char *by;
	struct ca_rule r;
	int rc = ca_rule_load(row, &r, err);

	if (rc != 0)
		return rc;
	if ((by = ca_rule_steered_by(&r)) != NULL)
		fprintf(stderr,
		    "%s: warning: this rule goes by the %s, which callers choose themselves%s: it "
		    "keeps nobody from CA %s. If that is not for everybody: --group, or `gatehouse "
		    "ca set %s --allow-group GROUP`\n",
		    c->who, by,
		    strcmp(by, "mail") == 0 ? ", where they may edit it in the directory" : "",
		    r.ca_name, r.ca_name);
	ca_rule_clear(&r);
	return 0;
}

static int
warn_of_changed(struct verb_call *c, struct gh_error *err)
{
	gh_json *row;
	int rc = list_find(c->env.store, STORE_LIST_CA_RULES, c->operand[1], &row, err);

	if (rc == 0) {
		rc = warn(c, row, err);
		gh_json_free(row);
	}
	return rc;
}

static int
add(struct verb_call *c, struct gh_error *err)
{
	gh_json *rule = gh_json_new_object();
	int rc = gh_json_set_string(rule, "name", c->operand[1]) == 0
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "rule");

	if (o.priority == CA_RULE_NO_PRIORITY)
		o.priority = PRIORITY_DEFAULT;
	if (rc == 0 && (rc = put_given(rule, err)) == 0 && (rc = check_rule(rule, err)) == 0 &&
	    (rc = check_names(c, err)) == 0)
		rc = store_add_ca_rule(c->env.store, &c->env.who, rule, err);
	if (rc == 0)
		rc = warn(c, rule, err);
	gh_json_free(rule);
	return rc;
}

static int
set(struct verb_call *c, struct gh_error *err)
{
	gh_json *changes = gh_json_new_object();
	int rc = changes != NULL ? put_given(changes, err) : gh_fail(err, GH_E_NOMEM, "rule");

	if (rc == 0 && gh_json_size(changes) == 0)
		rc = gh_refuse(err, GH_E_CONF, "nothing to change is given");
	if (rc == 0 && (rc = check_names(c, err)) == 0)
		rc = store_change_ca_rule(c->env.store, &c->env.who, c->operand[1], changes,
		    check_rule, err);
	if (rc == 0)
		rc = warn_of_changed(c, err);
	gh_json_free(changes);
	return rc;
}

static int
remove_rule(struct verb_call *c, struct gh_error *err)
{
	return store_delete_ca_rule(c->env.store, &c->env.who, c->operand[1], err);
}

/* ---- list, test ---- */

static int
compare(const void *a, const void *b)
{
	const gh_json *x = *(gh_json *const *)a, *y = *(gh_json *const *)b;
	int64_t of_x = 0, of_y = 0;

	(void)gh_json_int(gh_json_get(x, "priority"), &of_x);
	(void)gh_json_int(gh_json_get(y, "priority"), &of_y);
	if (of_x != of_y)
		return of_x < of_y ? -1 : 1;
	return strcasecmp(gh_json_string(gh_json_get(x, "name")),
	    gh_json_string(gh_json_get(y, "name")));
}

static int
put_steered(gh_json *row)
{
	struct gh_error ignored;
	struct ca_rule r;
	int bad = 0;

	/* one that cannot be read is shown as it is */
	if (ca_rule_load(row, &r, &ignored) != 0)
		return 0;
	if (ca_rule_steered_by(&r) != NULL)
		bad = gh_json_set_string(row, "steered_by", ca_rule_steered_by(&r));
	ca_rule_clear(&r);
	return bad;
}

/* In the order in which they are looked at. NULL: out of memory. */
static gh_json *
in_order(const gh_json *rows)
{
	size_t n = gh_json_size(rows);
	gh_json **row = calloc(n + 1, sizeof(*row)), *list = gh_json_new_array();

	for (size_t i = 0; row != NULL && i < n; i++)
		row[i] = gh_json_at(rows, i);
	if (row != NULL)
		qsort(row, n, sizeof(*row), compare);
	for (size_t i = 0; row != NULL && list != NULL && i < n; i++)
		if (put_steered(row[i]) != 0 || gh_json_append(list, gh_json_ref(row[i])) != 0) {
			gh_json_free(list);
			list = NULL;
		}
	free(row);
	return list;
}

static int
list(struct verb_call *c, struct gh_error *err)
{
	const struct store_filter all = {.limit = 0};
	gh_json *rows;
	int rc = list_load(c->env.store, STORE_LIST_CA_RULES, all, 0, &rows, err);

	if (rc != 0)
		return rc;
	c->out = in_order(rows);
	gh_json_free(rows);
	return c->out != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "rules");
}

static int
try(struct verb_call *c, struct gh_error *err)
{
	return ca_rule_try(c, &o, err);
}

static const struct output_column columns[] = {{"NAME", "name"}, {"PRIORITY", "priority"},
    {"CA", "ca"}, {"TENANT", "tenant"}, {"PURPOSE", "purpose"}, {"MAIL", "email_domain"},
    {"NETWORK", "network"}, {"GROUP", "group"}, {"TEMPLATE", "template"},
    {"CALLER CHOOSES", "steered_by"}, {NULL, NULL}};

/* ---- the verb ---- */

static const struct verb_action actions[] = {
    {"add", true, add, "is asked from now on", NULL, NULL},
    {"set", true, set, "is changed", NULL, NULL},
    {"delete", true, remove_rule, "is deleted", NULL, NULL},
    {"list", false, list, NULL, columns, NULL},
    {"test", false, try, NULL, NULL, ca_rule_show_trial},
    {NULL, false, NULL, NULL, NULL, NULL},
};

static int
check(const struct verb_call *c)
{
	if (c->action->work == add && o.ca == NULL)
		return command_usage(c->who, "--ca is needed: the CA that the rule chooses");
	if (c->action->work != try &&
	    (o.app != NULL || o.user != NULL || o.email != NULL || o.address != NULL))
		return command_usage(c->who, "--app, --user, --email and --address are of test");
	return COMMAND_OK;
}

const struct verb verb_ca_rule = {
    .usage = {"ACTION [NAME]", 1, 2,
	"Rules that say which CA serves a request that names none, through an application without a CA. ACTION is add, set, "
	"delete (with the NAME of a rule), list or test. All that a rule asks for must hold; a rule that asks for nothing "
	"always holds. The lowest priority decides; rules whose CA cannot be used are passed over, and two of one priority "
	"with different CAs are an error. test shows step by step what happens to a request with the given facts.",
	"gatehouse ca rule add mobile --ca mobile --priority 10 --group pki-mobile\n"
	"gatehouse ca rule add plant --ca plant --network '10.8.0.0/16 2001:db8:8::/48' --template Machine\n"
	"gatehouse ca rule add rest --ca issuing --priority 1000\n"
	"gatehouse ca rule set plant --network 10.8.0.0/15\n"
	"gatehouse ca rule test --user alice --address 10.8.1.2 --template Machine\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .actions = actions,
    .named = "rule",
    .check = check,
};
