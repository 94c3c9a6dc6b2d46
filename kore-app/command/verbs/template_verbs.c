/* `gatehouse template`: what may be certified for whom. */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "list.h"
#include "template_file.h"
#include "verb.h"

/* ---- list, show ---- */

static struct list_query all = {.what = STORE_LIST_TEMPLATES};
static const struct output_column columns[] = {{"ID", "id"}, {"NAME", "name"},
    {"VERSION", "version"}, {"ACTIVE", "active"}, {"PURPOSE", "purpose"}, {"CREATED", "created"},
    {"BY", "created_by"}, {NULL, NULL}};

const struct verb verb_template_list = {
    .usage = {"", 0, 0, "Lists the templates.", "gatehouse template list --json\n"},
    .options = verb_json_options,
    .needs = NEEDS_STORE,
    .work = list_rows,
    .columns = columns,
    .arg = &all,
};

static int
find(struct verb_call *c, struct gh_error *err)
{
	return list_find_active(c->env.store, STORE_LIST_TEMPLATES, c->operand[0], &c->out, err);
}

static int
show_body(struct verb_call *c)
{
	char *text = gh_json_print(gh_json_get(c->out, "body"), true);

	puts(text != NULL ? text : "");
	free(text);
	return output_finish();
}

const struct verb verb_template_show = {
    .usage = {"NAME", 1, 1, "Shows the active version of a template, as it can be imported again.",
	"gatehouse template show User > User.json\n"},
    .options = verb_json_options,
    .needs = NEEDS_GRANTS,
    .object = "template",
    .work = find,
    .show = show_body,
};

/* ---- check, import ---- */

/* Tells what is wrong, of every file; tell_good: also what is right. How many are wrong. */
static int
check_files(const struct verb_call *c, bool tell_good)
{
	struct template_file f;
	struct gh_error err;
	int wrong = 0;

	for (int i = 0; i < c->operands; i++) {
		if (template_file_load(c->operand[i], &f, &err) != 0) {
			command_fail(c->who, &err);
			wrong++;
			continue;
		}
		if (tell_good)
			printf("%s: ok, template %s\n", c->operand[i], tmpl_name(f.tmpl));
		template_file_clear(&f);
	}
	return wrong;
}

static int
check(struct verb_call *c, struct gh_error *err)
{
	(void)err;
	if (check_files(c, true) != 0)
		c->exit = COMMAND_FAILED;
	return 0;
}

static const struct option_row no_options[] = {OPTION_END};
const struct verb verb_template_check = {
    .usage = {"FILE...", 1, -1,
	"Checks template files: schema, values, and the rules against unsafe templates (ESC1, 2, 3, 6, 9, "
	"15, 16, 17, NAMES, ROLE). Needs neither configuration nor database.",
	"gatehouse template check /usr/share/gatehouse/templates/*.json\n"},
    .options = no_options,
    .work = check,
};

/* Every file is checked before the first is stored. */
static int
check_before(const struct verb_call *c)
{
	if (check_files(c, false) == 0)
		return COMMAND_OK;
	fprintf(stderr, "%s: nothing was imported\n", c->who);
	return COMMAND_FAILED;
}

static int
add_result(gh_json *list, const struct template_result *r)
{
	gh_json *o = gh_json_new_object();

	if (o == NULL || gh_json_set_string(o, "name", r->name) != 0 ||
	    gh_json_set_int(o, "version", r->version) != 0 ||
	    gh_json_set_bool(o, "new", r->is_new) != 0) {
		gh_json_free(o);
		return -1;
	}
	return gh_json_append(list, o);
}

static int
import(struct verb_call *c, struct gh_error *err)
{
	struct template_result r;
	int rc = 0;

	if ((c->out = gh_json_new_array()) == NULL)
		rc = gh_fail(err, GH_E_NOMEM, "templates");
	for (int i = 0; rc == 0 && i < c->operands; i++) {
		rc = template_file_import(&c->env, c->operand[i], &r, err);
		if (rc == 0 && add_result(c->out, &r) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "templates");
	}
	return rc;
}

static const struct output_column import_columns[] = {{"NAME", "name"}, {"VERSION", "version"},
    {"NEW", "new"}, {NULL, NULL}};
const struct verb verb_template_import = {
    .usage = {"FILE...", 1, -1,
	"Imports template files. A file that differs from the active version becomes the next version; all "
	"nodes use it within a second. Unsafe templates are refused with the rule's name.",
	"gatehouse template import User.json WebServer.json\n"},
    .options = verb_json_options,
    .needs = NEEDS_GRANTS,
    .check = check_before,
    .work = import,
    .columns = import_columns,
};
