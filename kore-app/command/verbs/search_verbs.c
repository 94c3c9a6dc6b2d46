/* `gatehouse search`: searches that people keep by name (docs/inventory.md). What the command keeps
 * is shared with everybody. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "catalog/catalog.h"
#include "inventory/cert_order.h"
#include "inventory/saved_search.h"

#include "command.h"
#include "prompt.h"
#include "verb.h"

static const char *owner, *description, *order_by, *fields;
static bool descending, replaces;

/* ---- list, show ---- */

static int
list_searches(struct verb_call *c, struct gh_error *err)
{
	return store_saved_searches(c->env.store, NULL, &c->out, err);
}

static const struct output_column columns[] = {{"NAME", "name"}, {"OWNER", "owner"},
    {"SHARED", "shared"}, {"QUERY", "query"}, {"DESCRIPTION", "description"},
    {"CHANGED", "changed_at"}, {NULL, NULL}};

const struct verb verb_search_list = {
    .usage = {"", 0, 0, "Lists the saved searches of everybody, also those that are not shared.",
	NULL},
    .options = verb_json_options,
    .needs = NEEDS_STORE,
    .work = list_searches,
    .columns = columns,
};

/* The shared one of this name, or that of an owner. */
static int
find(struct verb_call *c, gh_json **row, struct gh_error *err)
{
	gh_json *all;
	int rc = store_saved_searches(c->env.store, NULL, &all, err);

	*row = NULL;
	for (size_t i = 0; rc == 0 && i < gh_json_size(all) && *row == NULL; i++) {
		gh_json *r = gh_json_at(all, i);
		const char *name = gh_json_string(gh_json_get(r, "name")),
			   *whose = gh_json_string(gh_json_get(r, "owner"));

		if (name != NULL && strcasecmp(name, c->operand[0]) == 0 &&
		    (owner != NULL ? whose != NULL && strcasecmp(whose, owner) == 0
				   : gh_json_bool(gh_json_get(r, "shared"), false)))
			*row = gh_json_ref(r);
	}
	gh_json_free(all);
	if (rc == 0 && *row == NULL)
		rc = gh_refuse(err, GH_E_NOT_FOUND,
		    "there is no such saved search, see gatehouse search list");
	return rc;
}

static const struct option_row owner_options[] = {
    VERB_CONFIG,
    {"owner", 0, OPTION_TEXT, &owner, "NAME", "that of this person; else the one that is shared"},
    VERB_JSON,
    OPTION_END,
};

static int
show_search(struct verb_call *c, struct gh_error *err)
{
	return find(c, &c->out, err);
}

const struct verb verb_search_show = {
    .usage = {"NAME", 1, 1, "Shows a saved search.", NULL},
    .options = owner_options,
    .needs = NEEDS_STORE,
    .work = show_search,
    .hidden = "mine",
};

/* ---- save ---- */

static const struct option_row save_options[] = {
    VERB_CONFIG,
    {"description", 0, OPTION_TEXT, &description, "TEXT", "what it is for"},
    {"order-by", 0, OPTION_TEXT, &order_by, "ORDER", CERT_ORDER_WORDS},
    {"desc", 0, OPTION_FLAG, &descending, NULL, "the last one first"},
    {"fields", 0, OPTION_TEXT, &fields, "NAMES", "members in this order: id,subject,not_after ..."},
    {"replace", 0, OPTION_FLAG, &replaces, NULL, "in place of the one that is there"},
    OPTION_END,
};

static int
save_search(struct verb_call *c, struct gh_error *err)
{
	struct saved_search_order o = {.name = c->operand[0],
	    .query = c->operand[1],
	    .description = description,
	    .order_by = order_by,
	    .order = descending ? "desc" : NULL,
	    .fields = fields,
	    .is_shared = true,
	    .may_share = true,
	    .may_change_all = true,
	    .if_match = replaces ? "*" : NULL};
	struct catalog *catalog;
	gh_json *row;
	bool is_new;
	int rc = enroll_load_catalog(c->env.store, c->env.secret, &catalog, err);

	if (rc != 0)
		return rc;
	rc = saved_search_put(c->env.store, catalog, &c->env.who, &o, &row, &is_new, err);
	if (rc == GH_E_UNCONDITIONAL)
		rc = gh_refuse(err, rc, "there is one of this name already: say --replace");
	gh_json_free(row);
	catalog_free(catalog);
	return rc;
}

static int
show_saved(struct verb_call *c)
{
	printf("search %s is saved\n", c->operand[0]);
	return output_finish();
}

const struct verb verb_search_save = {
    .usage = {"NAME QUERY", 2, 2,
	"Keeps a query of docs/inventory.md by name, for everybody who can log in. It grants nothing: each finds what he may see.",
	"gatehouse search save expiring 'NotAfter -lt %TODAY+30% AND State -eq \"active\"'\n"
	"gatehouse cert search --saved expiring\n"},
    .options = save_options,
    .needs = NEEDS_GRANTS,
    .work = save_search,
    .show = show_saved,
};

/* ---- remove ---- */

static const struct option_row remove_options[] = {
    VERB_CONFIG,
    {"owner", 0, OPTION_TEXT, &owner, "NAME", "that of this person; else the one that is shared"},
    VERB_YES,
    OPTION_END,
};

static int
remove_search(struct verb_call *c, struct gh_error *err)
{
	struct store_saved_search v = {0};
	int64_t version = 0;
	gh_json *row;
	int rc = find(c, &row, err);

	if (rc == 0 && !verb_shared.is_sure)
		rc = prompt_confirm("Remove this saved search?", err);
	if (rc == 0) {
		(void)gh_json_int(gh_json_get(row, "id"), &v.id);
		(void)gh_json_int(gh_json_get(row, "version"), &version);
		v.version = (int)version;
		v.name = gh_json_string(gh_json_get(row, "name"));
		rc = store_remove_saved_search(c->env.store, &c->env.who, &v, err);
	}
	gh_json_free(row);
	return rc;
}

static int
show_removed(struct verb_call *c)
{
	printf("search %s is removed\n", c->operand[0]);
	return output_finish();
}

const struct verb verb_search_remove = {
    .usage = {"NAME", 1, 1, "Removes a saved search, whoever made it.", NULL},
    .options = remove_options,
    .needs = NEEDS_STORE,
    .work = remove_search,
    .show = show_removed,
};
