/* `gatehouse profile`: what may be enrolled for through an application, as REST tells it. */
#include <stdio.h>
#include <stdlib.h>

#include "catalog/app.h"
#include "ca_choice.h"
#include "catalog/profile_view.h"

#include "client/client_rest.h"
#include "command.h"
#include "verb.h"

static const char *application;
static const struct option_row options[] = {
    VERB_CONFIG,
    {"app", 'a', OPTION_TEXT, &application, "NAME",
	"profiles of this application (default: rest.application)"},
    CLIENT_REST_REMOTE,
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

static int
check(const struct verb_call *c)
{
	return application == NULL || verb_shared.url == NULL
	    ? COMMAND_OK
	    : command_usage(c->who, "--app is for the database, not for --url");
}

/* Nobody asks: what rules say of people is not known. */
static const struct ca *
ca_of(const struct catalog *catalog, const struct app *app, const struct catalog_template *t)
{
	static const struct requester nobody;
	const struct ca_question q = ca_question_of(&nobody, NULL, t->tmpl);

	return ca_choice_show(catalog, &app->profile, &q);
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
			    gh_json_append(c->out, profile_summary(t, ca_of(catalog, app, t))) != 0;
	}
	return failed ? gh_fail(err, GH_E_NOMEM, "profiles") : 0;
}

static int
work_list(struct verb_call *c, struct gh_error *err)
{
	return with_catalog(c, err, list);
}

static int
list_remote(struct verb_call *c, struct gh_error *err)
{
	struct client_rest *r;
	int rc = client_rest_open(&r, err);

	if (rc == 0) {
		rc = client_rest_list(r, "/pki/profiles?", 0, &c->out, err);
		client_rest_close(r);
	}
	return rc;
}

static const struct output_column columns[] = {{"NAME", "name"}, {"DISPLAY NAME", "display_name"},
    {"PURPOSE", "purpose"}, {"APPROVAL", "approval"}, {"DESCRIPTION", "description"}, {NULL, NULL}};
const struct verb verb_profile_list = {
    .usage = {"", 0, 0,
	"Lists the profiles that can be enrolled for over REST: the templates of an application; with --url those that "
	"--user may enroll for.",
	"gatehouse profile list --app demo\n"
	"gatehouse profile list --url https://pki.example --user alice\n"},
    .options = options,
    .needs = NEEDS_GRANTS,
    .check = check,
    .work = work_list,
    .remote = list_remote,
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
	if ((c->out = profile_describe(catalog, t, ca_of(catalog, app, t))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "profile");
	return 0;
}

static int
work_show(struct verb_call *c, struct gh_error *err)
{
	return with_catalog(c, err, describe);
}

static int
show_remote(struct verb_call *c, struct gh_error *err)
{
	struct client_rest *r;
	struct gh_buf path;
	int rc = client_rest_open(&r, err);

	if (rc != 0)
		return rc;
	gh_buf_init(&path, 4096);
	gh_buf_puts(&path, "/pki/profile/");
	client_rest_escape(&path, c->operand[0]);
	if ((rc = gh_buf_check(&path, err)) == 0)
		rc = client_rest_get(r, (char *)path.data, &c->out, err);
	gh_buf_free(&path);
	client_rest_close(r);
	return rc;
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

/* Depth is that of profile_describe, or what the reader of JSON takes from a gateway. */
static void
print_members(const gh_json *o, int indent)
{
	for (void *it = gh_json_iter(o); it != NULL; it = gh_json_next(o, it)) {
		const gh_json *v = gh_json_iter_value(it);
		char *text = is_nested(v) ? NULL : output_text(v);

		printf("%*s", indent, "");
		output_safe(stdout, gh_json_iter_name(it));
		printf(":%s%s\n", text != NULL ? " " : "", text != NULL ? text : "");
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
    .check = check,
    .work = work_show,
    .remote = show_remote,
    .show = show,
};
