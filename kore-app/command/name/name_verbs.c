/* `gatehouse name`: who owns which names (docs/naming.md). */
#include <stdio.h>
#include <string.h>

#include "name_owners.h"
#include "store/catalog/name_row.h"

#include "command.h"
#include "name_file.h"
#include "name_groups.h"
#include "verb.h"

static const char *group, *user, *comment = "", *kind;
static bool dry_run;
static struct name_groups names;

static void
clear(void)
{
	name_groups_clear(&names);
}

#define GROUP \
	{ \
		"group", 'g', OPTION_TEXT, &group, "GROUP", \
		    "owned by the members of GROUP: a name, DN or SID" \
	}
#define USER \
	{ \
		"user", 'u', OPTION_TEXT, &user, "USER", \
		    "owned by one user: his DN, SID or the UUID of his entry" \
	}

/* "group:NAME" or "user:DN"; "": neither is given. */
static void
owner_of_options(char out[NAME_OWNER_SIZE + 8])
{
	snprintf(out, NAME_OWNER_SIZE + 8, "%s%s",
	    group != NULL      ? "group:"
		: user != NULL ? "user:"
			       : "",
	    group != NULL      ? group
		: user != NULL ? user
			       : "");
}

/* ---- add, remove ---- */

/* KIND PATTERN... of one owner */
static int
check_names(const struct verb_call *c)
{
	char owner[NAME_OWNER_SIZE + 8];
	struct gh_error err;

	if ((group == NULL) == (user == NULL))
		return command_usage(c->who, "one of --group and --user is needed");
	owner_of_options(owner);
	for (int i = 1; i < c->operands; i++)
		if (name_groups_add(&names, c->operand[0], c->operand[i], owner, comment, &err) !=
		    0)
			return command_fail(c->who, &err);
	return COMMAND_OK;
}

static int
show_result(struct verb_call *c, const struct store_name_result *r, struct gh_error *err)
{
	c->out = gh_json_new_object();
	return gh_json_set_int(c->out, "changed", (int64_t)r->changed) == 0 &&
		gh_json_set_int(c->out, "total", (int64_t)r->total) == 0
	    ? 0
	    : gh_fail(err, GH_E_NOMEM, "result");
}

static int
add(struct verb_call *c, struct gh_error *err)
{
	struct store_name_result r;
	int rc = store_add_names(c->env.store, &c->env.who, names.list, NAME_OWNERS_MAX, dry_run,
	    &r, err);

	return rc == 0 ? show_result(c, &r, err) : rc;
}

static const struct option_row add_options[] = {VERB_CONFIG, GROUP, USER,
    {"comment", 'm', OPTION_TEXT, &comment, "TEXT", "why; shown in the list"}, VERB_JSON,
    OPTION_END};
const struct verb verb_name_add = {
    .usage = {"KIND PATTERN...", 2, -1,
	"Gives names to an owner: templates with \"naming\": {\"owners\": true} let him ask for them. KIND is dns "
	"(host.example, *.example for one label, .example for any number), email (an address, or its domain as for "
	"dns) or ip (an address or a network). A user is named by what he cannot change himself.",
	"gatehouse name add dns shop.example .shop.example --group Web --comment 'ticket 4711'\n"
	"gatehouse name add ip 10.1.7.0/24 --user uid=bob,ou=people,dc=example\n"},
    .options = add_options,
    .needs = NEEDS_GRANTS,
    .check = check_names,
    .work = add,
    .clear = clear,
};

static int
take_away(struct verb_call *c, struct gh_error *err)
{
	struct store_name_result r;
	int rc = store_remove_names(c->env.store, &c->env.who, names.list, &r, err);

	return rc == 0 ? show_result(c, &r, err) : rc;
}

static const struct option_row remove_options[] = {VERB_CONFIG, GROUP, USER, VERB_JSON, OPTION_END};
const struct verb verb_name_remove = {
    .usage = {"KIND PATTERN...", 2, -1,
	"Takes names from an owner. Certificates that he has stay valid: see `gatehouse cert revoke`. Requests that "
	"wait are looked at again when an officer approves them.",
	"gatehouse name remove dns .shop.example --group Web\n"},
    .options = remove_options,
    .needs = NEEDS_GRANTS,
    .check = check_names,
    .work = take_away,
    .clear = clear,
};

/* ---- import ---- */

static int
read_file(const struct verb_call *c)
{
	struct gh_error err;

	return name_file_read(c->operand[0], &names, &err) == 0 ? COMMAND_OK
								: command_fail(c->who, &err);
}

static int
import(struct verb_call *c, struct gh_error *err)
{
	if (names.n == 0)
		return gh_refuse(err, GH_E_VALIDATION, "%s has no names", c->operand[0]);
	return add(c, err);
}

static const struct option_row import_options[] = {VERB_CONFIG,
    {"dry-run", 'n', OPTION_FLAG, &dry_run, NULL, "only tell what would change"}, VERB_JSON,
    OPTION_END};
const struct verb verb_name_import = {
    .usage = {"FILE", 1, 1,
	"Adds the names of a CSV file: kind,pattern,owner,comment, where owner is group:GROUP or user:USER. Names "
	"that are there already stay. All lines or none: each wrong one is told with its number. FILE - is standard "
	"input.",
	"gatehouse name import --dry-run names.csv\ngatehouse name import names.csv\n"},
    .options = import_options,
    .needs = NEEDS_GRANTS,
    .check = read_file,
    .work = import,
    .clear = clear,
};

/* ---- list ---- */

static int
list(struct verb_call *c, struct gh_error *err)
{
	char owner[NAME_OWNER_SIZE + 8];

	owner_of_options(owner);
	return store_list_names(c->env.store, *owner != '\0' ? owner : NULL, kind, &c->out, err);
}

static int
check_kind(const struct verb_call *c)
{
	enum name_kind k;

	if (group != NULL && user != NULL)
		return command_usage(c->who, "--group and --user exclude each other");
	if (kind != NULL && (!name_kind_find(kind, &k) || k > NAME_IP))
		return command_usage(c->who, "--kind is dns, email or ip");
	return COMMAND_OK;
}

static const struct option_row list_options[] = {VERB_CONFIG, GROUP, USER,
    {"kind", 'k', OPTION_TEXT, &kind, "KIND", "dns, email or ip"}, VERB_JSON, OPTION_END};
static const struct output_column columns[] = {{"KIND", "kind"}, {"PATTERN", "pattern"},
    {"OWNER", "owner"}, {"COMMENT", "comment"}, {NULL, NULL}};
const struct verb verb_name_list = {
    .usage = {"", 0, 0, "Lists who owns which names.",
	"gatehouse name list --group Web\ngatehouse name list --kind ip --json\n"},
    .options = list_options,
    .needs = NEEDS_GRANTS,
    .check = check_kind,
    .work = list,
    .columns = columns,
};
