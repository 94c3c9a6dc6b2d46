/* `gatehouse profile`: what may be enrolled for through an application, as REST tells it. */
#include <stdio.h>
#include <stdlib.h>

#include "catalog/app.h"
#include "catalog/profile_view.h"

#include "command.h"
#include "verb.h"

static const char *application;
static const struct option_row options[] = {
    VERB_CONFIG,
    {"app", 'a', OPTION_TEXT, &application, "NAME",
	"profiles of this application (default: rest.application)"},
    VERB_JSON,
    OPTION_END,
};

static int
find_app(const struct verb_call *c, const struct catalog *catalog, const struct app **out,
    struct gh_error *err)
{
	const char *name = application != NULL ? application : c->env.conf->rest.application;

	if (*name == '\0')
		return gh_refuse(err, GH_E_CONF,
		    "rest.application is not set: name an application with --app");
	if ((*out = catalog_find_app_name(catalog, name)) == NULL)
		return gh_refuse(err, GH_E_NOT_FOUND,
		    "there is no application %.100s; see `gatehouse app list`", name);
	return 0;
}

/* c->out is made from the catalog, which nothing of it points into. */
static int
with_catalog(struct verb_call *c, struct gh_error *err,
    int (*work)(struct verb_call *, const struct catalog *, const struct app *, struct gh_error *))
{
	struct catalog *catalog;
	const struct app *app;
	int rc = enroll_load_catalog(c->env.store, c->env.secret, &catalog, err);

	if (rc != 0)
		return rc;
	if ((rc = find_app(c, catalog, &app, err)) == 0)
		rc = work(c, catalog, app, err);
	catalog_free(catalog);
	return rc;
}

/* ---- list ---- */

static int
list(struct verb_call *c, const struct catalog *catalog, const struct app *app,
    struct gh_error *err)
{
	bool failed = (c->out = gh_json_new_array()) == NULL;

	for (size_t i = 0; i < catalog->tmpls && !failed; i++) {
		const struct catalog_template *t = &catalog->tmpl[i];

		if (enroll_profile_has_template(&app->profile, tmpl_name(t->tmpl)))
			failed =
			    gh_json_append(c->out, profile_summary(catalog, &app->profile, t)) != 0;
	}
	return failed ? gh_fail(err, GH_E_NOMEM, "profiles") : 0;
}

static int
work_list(struct verb_call *c, struct gh_error *err)
{
	return with_catalog(c, err, list);
}

static const struct output_column columns[] = {{"NAME", "name"}, {"DISPLAY NAME", "display_name"},
    {"APPROVAL", "approval"}, {"DESCRIPTION", "description"}, {NULL, NULL}};
const struct verb verb_profile_list = {
    .usage = {"", 0, 0,
	"Lists the profiles that can be enrolled for over REST: the templates of an application.",
	"gatehouse profile list --app demo\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .work = work_list,
    .columns = columns,
};

/* ---- show ---- */

static int
describe(struct verb_call *c, const struct catalog *catalog, const struct app *app,
    struct gh_error *err)
{
	const struct catalog_template *t = catalog_find_template(catalog, c->operand[0]);

	if (t == NULL || !enroll_profile_has_template(&app->profile, c->operand[0]))
		return gh_refuse(err, GH_E_NOT_FOUND,
		    "application %.100s has no profile %.100s; see `gatehouse profile list`",
		    app->name, c->operand[0]);
	if ((c->out = profile_describe(catalog, &app->profile, t)) == NULL)
		return gh_fail(err, GH_E_NOMEM, "profile");
	return 0;
}

static int
work_show(struct verb_call *c, struct gh_error *err)
{
	return with_catalog(c, err, describe);
}

static bool
is_nested(const gh_json *v)
{
	return gh_json_type(v) == GH_JSON_OBJECT ||
	    (gh_json_type(v) == GH_JSON_ARRAY && gh_json_type(gh_json_at(v, 0)) == GH_JSON_OBJECT);
}

static void print_members(const gh_json *o, int indent);

/* An object below its name; of an array of objects, each. */
static void
print_nested(const gh_json *v, int indent)
{
	if (gh_json_type(v) == GH_JSON_OBJECT)
		print_members(v, indent);
	for (size_t i = 0; gh_json_type(v) == GH_JSON_ARRAY && i < gh_json_size(v); i++) {
		print_members(gh_json_at(v, i), indent);
		if (i + 1 < gh_json_size(v))
			putchar('\n');
	}
}

/* Depth is that of profile_describe. */
static void
print_members(const gh_json *o, int indent)
{
	for (void *it = gh_json_iter(o); it != NULL; it = gh_json_next(o, it)) {
		const gh_json *v = gh_json_iter_value(it);
		char *text = is_nested(v) ? NULL : output_text(v);

		printf("%*s%s:%s%s\n", indent, "", gh_json_iter_name(it), text != NULL ? " " : "",
		    text != NULL ? text : "");
		free(text);
		if (is_nested(v))
			print_nested(v, indent + 2);
	}
}

static int
show(struct verb_call *c)
{
	print_members(c->out, 0);
	return output_finish();
}

const struct verb verb_profile_show = {
    .usage = {"NAME", 1, 1,
	"Shows what a profile wants and gives: keys, where each part of subject and SAN comes from, "
	"metadata, approval, and the certificate.",
	"gatehouse profile show WebServer\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .work = work_show,
    .show = show,
};
