/* `gatehouse template`: what may be certified for whom. */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "list.h"
#include "options.h"
#include "template_file.h"

int
cmd_template_list(int argc, char **argv)
{
	static const struct output_column columns[] = {{"ID", "id"}, {"NAME", "name"},
	    {"VERSION", "version"}, {"ACTIVE", "active"}, {"CREATED", "created"},
	    {"BY", "created_by"}, {NULL, NULL}};
	const struct list_view view = {STORE_LIST_TEMPLATES, columns};
	const struct store_filter filter = {0};
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"", 0, 0, "Lists the templates.",
	    "gatehouse template list --json\n"};
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	return list_show(argv[0], conf, json, &view, &filter, 0);
}

int
cmd_template_show(int argc, char **argv)
{
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"NAME", 1, 1,
	    "Shows the active version of a template, as it can be imported again.",
	    "gatehouse template show User > User.json\n"};
	struct gh_error err;
	struct session s;
	gh_json *row;
	char *text;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);
	if (rc != 0)
		return command_fail(argv[0], &err);
	rc = list_find_active(s.store, "templates", argv[1], &row, &err);
	session_close(&s);
	if (rc == GH_E_NOT_FOUND)
		gh_refuse(&err, rc, "there is no template \"%s\": see `gatehouse template list`",
		    argv[1]);
	if (rc != 0)
		return command_fail(argv[0], &err);
	if (json)
		rc = output_json(row);
	else {
		text = gh_json_print(gh_json_get(row, "body"), true);
		puts(text != NULL ? text : "");
		free(text);
		rc = output_finish();
	}
	gh_json_free(row);
	return rc;
}

int
cmd_template_check(int argc, char **argv)
{
	const struct option_row rows[] = {OPTION_END};
	static const struct usage usage = {"FILE...", 1, -1,
	    "Checks template files: schema, values, and the rules against unsafe templates (ESC1, 2, 3, 6, 9, "
	    "15, 16, 17, NAMES, ROLE). Needs neither configuration nor database.",
	    "gatehouse template check /usr/share/gatehouse/templates/*.json\n"};
	struct template_file f;
	struct gh_error err;
	int wrong = 0, n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	for (int i = 1; i <= n; i++) {
		if (template_file_load(argv[i], &f, &err) != 0) {
			command_fail(argv[0], &err);
			wrong++;
			continue;
		}
		printf("%s: ok, template %s\n", argv[i], tmpl_name(f.tmpl));
		template_file_clear(&f);
	}
	rc = output_finish();
	return wrong != 0 ? COMMAND_FAILED : rc;
}

/* Every file is checked before the first is stored. */
static int
check_all(const char *who, char **path, int n)
{
	struct template_file f;
	struct gh_error err;
	int wrong = 0;

	for (int i = 0; i < n; i++) {
		if (template_file_load(path[i], &f, &err) != 0) {
			command_fail(who, &err);
			wrong++;
		} else
			template_file_clear(&f);
	}
	if (wrong != 0)
		fprintf(stderr, "%s: nothing was imported\n", who);
	return wrong;
}

static int
add_result(gh_json *all, const struct template_result *r)
{
	gh_json *o = gh_json_new_object();

	if (o == NULL || gh_json_set_string(o, "name", r->name) != 0 ||
	    gh_json_set_int(o, "version", r->version) != 0 ||
	    gh_json_set_bool(o, "new", r->is_new) != 0) {
		gh_json_free(o);
		return -1;
	}
	return gh_json_append(all, o);
}

static int
import_all(struct session *s, char **path, int n, gh_json *all, struct gh_error *err)
{
	struct template_result r;
	int rc = all != NULL ? 0 : gh_fail(err, GH_E_NOMEM, "templates");

	for (int i = 0; rc == 0 && i < n; i++) {
		rc = template_file_import(s, path[i], &r, err);
		if (rc == 0 && add_result(all, &r) != 0)
			rc = gh_fail(err, GH_E_NOMEM, "templates");
	}
	return rc;
}

int
cmd_template_import(int argc, char **argv)
{
	static const struct output_column columns[] = {{"NAME", "name"}, {"VERSION", "version"},
	    {"NEW", "new"}, {NULL, NULL}};
	const char *conf = NULL;
	bool json = false;
	const struct option_row rows[] = {OPTION_CONFIG(&conf), OPTION_JSON(&json), OPTION_END};
	static const struct usage usage = {"FILE...", 1, -1,
	    "Imports template files. A file that differs from the active version becomes the next version; all "
	    "nodes use it within a second. Unsafe templates are refused with the rule's name.",
	    "gatehouse template import User.json WebServer.json\n"};
	struct gh_error err;
	struct session s;
	gh_json *all;
	int n, rc = options_parse(&usage, rows, argc, argv, &n);

	if (rc != OPTIONS_GO)
		return rc;
	if (check_all(argv[0], argv + 1, n) != 0)
		return COMMAND_FAILED;
	rc = session_open(&s, conf, SESSION_STORE | SESSION_SECRET, &err);
	if (rc != 0)
		return command_fail(argv[0], &err);
	all = gh_json_new_array();
	rc = import_all(&s, argv + 1, n, all, &err);
	session_close(&s);
	if (rc != 0)
		rc = command_fail(argv[0], &err);
	else
		rc = json ? output_json(all) : output_table(all, columns);
	gh_json_free(all);
	return rc;
}
