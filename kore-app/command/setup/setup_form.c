/* `gatehouse setup`: the CSR form (docs/csr.md) works from the beginning. Its application is named
 * by the configuration alone: key and secret are shown to nobody. */
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog_load.h"

#include "list.h"
#include "setup.h"

#define FORM_APP "csr-form"

/* May a template be asked for by people with a request in a file? It has a purpose, by which they
 * choose it; and names that a request brings are looked at by an officer, or by rules. */
static bool
is_for_form(const gh_json *row, const struct tmpl *t)
{
	gh_json *form = tmpl_describe_form(t);
	const char *from = gh_json_string(gh_json_get(gh_json_get(form, "subject"), "from"));
	bool is_supplied = from == NULL || strcmp(from, "request") == 0;
	bool has_rules = gh_json_get(gh_json_get(row, "body"), "naming") != NULL;

	gh_json_free(form);
	return tmpl_purpose(t) != NULL && tmpl_archival(t) != TMPL_ARCHIVAL_REQUIRED &&
	    (!is_supplied || has_rules || tmpl_needs_approval(t));
}

static int
take_template(const gh_json *row, struct option_list *out, struct gh_error *err)
{
	struct catalog_template t;
	int rc = catalog_load_template(row, &t, err);

	if (rc != 0)
		return rc;
	if (is_for_form(row, t.tmpl) && out->n < OPTION_LIST_MAX)
		out->v[out->n++] = gh_json_string(gh_json_get(row, "name"));
	tmpl_free(t.tmpl);
	return 0;
}

/* out borrows from catalog. */
static int
choose_templates(const gh_json *catalog, struct option_list *out, struct gh_error *err)
{
	gh_json *rows = gh_json_get(catalog, "templates");
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < gh_json_size(rows); i++)
		rc = take_template(gh_json_at(rows, i), out, err);
	return rc;
}

/* One that an interrupted run has made. */
static int
find_app(struct setup *s, bool *is_there, struct gh_error *err)
{
	gh_json *row = NULL;
	int rc = list_find(s->env.store, STORE_LIST_APPS, FORM_APP, &row, err);

	*is_there = rc == 0;
	gh_json_free(row);
	return rc == GH_E_NOT_FOUND ? 0 : rc;
}

static int
make_form(struct setup *s, const gh_json *catalog, struct gh_error *err)
{
	struct make_app app = MAKE_APP_INIT;
	struct app_secrets secrets = {0};
	bool is_there = false;
	int64_t id;
	int rc = find_app(s, &is_there, err);

	if (rc == 0)
		rc = choose_templates(catalog, &app.templates, err);
	if (rc == 0 && !is_there && app.templates.n == 0) {
		setup_warn(s, "no template may be asked for by a form: there is no CSR form");
		return 0;
	}
	app.ca = s->o.make.ca_name;
	if (rc == 0 && !is_there)
		rc = make_app(&s->env, &app, FORM_APP, &secrets, &id, err);
	app_secrets_clear(&secrets);
	if (rc == 0)
		rc = report_add(&s->made.report, "apps", FORM_APP, !is_there, err);
	for (size_t i = 0; rc == 0 && !is_there && i < app.templates.n; i++)
		report_note(&s->made.report, "template %s", app.templates.v[i]);
	return rc == 0 ? conf_settings_set(&s->settings, "csr.application", FORM_APP, err) : rc;
}

int
setup_form(struct setup *s, struct gh_error *err)
{
	gh_json *catalog;
	int rc;

	if (!s->is_new || s->o.no_csr_form ||
	    conf_settings_get(&s->settings, "csr.application") != NULL)
		return 0;
	if ((rc = store_load_catalog(s->env.store, &catalog, err)) != 0)
		return rc;
	rc = make_form(s, catalog, err);
	gh_json_free(catalog);
	return rc;
}
