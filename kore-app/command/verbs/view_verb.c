/* `gatehouse view`: which certificates of others are shown to which groups. */
#include <stdlib.h>
#include <string.h>

#include "inventory/view_rule_add.h"
#include "store/catalog/view_rule_row.h"

#include "command.h"
#include "list.h"

static const char *group, *template_name, *ca, *metadata;

static const struct option_row options[] = {
    VERB_CONFIG,
    {"group", 'g', OPTION_TEXT, &group, "GROUP", "add: who sees them (DN, name or SID)"},
    {"template", 't', OPTION_TEXT, &template_name, "NAME", "add: certificates of this template"},
    {"ca", 0, OPTION_TEXT, &ca, "NAME", "add: certificates of this CA"},
    {"metadata", 'm', OPTION_TEXT, &metadata, "FIELD=VALUE",
	"add: certificates with this value; %ME% is the name of who looks"},
    VERB_JSON,
    OPTION_END,
};

/* ---- add ---- */

/* FIELD=VALUE, as two members. */
static int
put_metadata(gh_json *row, struct gh_error *err)
{
	const char *end = strchr(metadata, '=');
	char *field;
	int bad;

	if (end == NULL || end == metadata || end[1] == '\0')
		return gh_refuse(err, GH_E_CONF, "--metadata is FIELD=VALUE");
	if ((field = strndup(metadata, (size_t)(end - metadata))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "rule");
	bad = gh_json_set_string(row, "field", field) | gh_json_set_string(row, "value", end + 1);
	free(field);
	return bad != 0 ? gh_fail(err, GH_E_NOMEM, "rule") : 0;
}

static int
make_row(const struct verb_call *c, gh_json *row, struct gh_error *err)
{
	if (gh_json_set_string(row, "name", c->operand[1]) != 0 ||
	    gh_json_set_string(row, "group", group) != 0 ||
	    gh_json_set_string(row, "template", template_name) != 0 ||
	    gh_json_set_string(row, "ca", ca) != 0)
		return gh_fail(err, GH_E_NOMEM, "rule");
	return metadata != NULL ? put_metadata(row, err) : 0;
}

static int
add(struct verb_call *c, struct gh_error *err)
{
	gh_json *row = gh_json_new_object();
	struct catalog *catalog = NULL;
	int rc = make_row(c, row, err);

	if (rc == 0)
		rc = enroll_load_catalog(c->env.store, c->env.secret, &catalog, err);
	if (rc == 0)
		rc = view_rule_add(c->env.store, catalog, &c->env.who, row, NULL, err);
	catalog_free(catalog);
	gh_json_free(row);
	return rc;
}

/* ---- remove, list ---- */

static int
remove_rule(struct verb_call *c, struct gh_error *err)
{
	return store_remove_view_rule(c->env.store, &c->env.who, c->operand[1], err);
}

static int
list(struct verb_call *c, struct gh_error *err)
{
	const struct store_filter all = {.limit = 0};

	return list_load(c->env.store, STORE_LIST_VIEW_RULES, all, 0, &c->out, err);
}

static const struct output_column columns[] = {{"NAME", "name"}, {"GROUP", "group"},
    {"TEMPLATE", "template"}, {"CA", "ca"}, {"METADATA", "field"}, {"VALUE", "value"},
    {NULL, NULL}};

/* ---- the verb ---- */

static const struct verb_action actions[] = {
    {"add", true, add, "shows certificates from now on", NULL, NULL},
    {"remove", true, remove_rule, "is removed", NULL, NULL},
    {"list", false, list, NULL, columns, NULL},
    {NULL, false, NULL, NULL, NULL, NULL},
};

static int
check(const struct verb_call *c)
{
	int by = (template_name != NULL) + (ca != NULL) + (metadata != NULL);

	if (c->action->work == add && (group == NULL || by != 1))
		return command_usage(c->who,
		    "--group is needed, and one of --template, --ca and --metadata");
	if (c->action->work != add && (group != NULL || by != 0))
		return command_usage(c->who, "--group, --template, --ca and --metadata are of add");
	return COMMAND_OK;
}

const struct verb verb_view = {
    .usage = {"ACTION [NAME]", 1, 2,
	"Rules that show certificates of others to the members of a group of the directory, who have no role. ACTION is add, "
	"remove (with the NAME of a rule) or list. A member finds and reads what a rule shows, with its requester and "
	"metadata, and may change nothing of it.",
	"gatehouse view add web --group web-admins --template WebServer\n"
	"gatehouse view add plant --group plant-it --ca plant\n"
	"gatehouse view add it --group helpdesk --metadata Department=IT\n"
	"gatehouse view remove web\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .actions = actions,
    .named = "rule",
    .check = check,
};
