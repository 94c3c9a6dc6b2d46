/* A profile for people and programs. See profile_view.h. */
#include <strings.h>

#include "metadata.h"

#include "profile_view.h"

/* o when nothing failed, else NULL. */
static gh_json *
finish(gh_json *o, bool failed)
{
	if (!failed)
		return o;
	gh_json_free(o);
	return NULL;
}

/* --- metadata --------------------------------------------------------------------------------- */

bool
profile_requires(const struct catalog_template *t, const struct metadata_field *f)
{
	const gh_json *names = tmpl_required_metadata(t->tmpl);

	for (size_t i = 0; i < gh_json_size(names); i++)
		if (strcasecmp(gh_json_string(gh_json_at(names, i)), f->name) == 0)
			return true;
	return f->required;
}

static gh_json *
options(char *const *list)
{
	gh_json *a = gh_json_new_array();
	bool failed = a == NULL;

	for (; *list != NULL && !failed; list++)
		failed = gh_json_append(a, gh_json_new_string(*list)) != 0;
	return finish(a, failed);
}

/* Rules that the field does not have are left out. */
static gh_json *
metadata_form(const struct catalog_template *t, const struct metadata_field *f)
{
	gh_json *o = gh_json_new_object();
	bool failed = gh_json_set_string(o, "name", f->name) != 0 ||
	    gh_json_set_string(o, "type", metadata_type_name(f->type)) != 0 ||
	    gh_json_set_bool(o, "required", profile_requires(t, f)) != 0;

	if (!failed && f->options != NULL)
		failed = gh_json_set(o, "options", options(f->options)) != 0;
	if (!failed && f->regex != NULL)
		failed = gh_json_set_string(o, "regex", f->regex) != 0;
	if (!failed && f->default_value != NULL)
		failed = gh_json_set_string(o, "default", f->default_value) != 0;
	if (!failed && f->message != NULL)
		failed = gh_json_set_string(o, "message", f->message) != 0;
	return finish(o, failed);
}

/* Required: without one of its fields the request is refused. */
static gh_json *
metadata_input(const struct catalog *c, const struct catalog_template *t)
{
	gh_json *o = gh_json_new_object(), *list = gh_json_new_array();
	bool failed = list == NULL, needs_one = false;

	for (size_t i = 0; i < c->fields && !failed; i++) {
		needs_one |= profile_requires(t, &c->field[i]) && c->field[i].default_value == NULL;
		failed = gh_json_append(list, metadata_form(t, &c->field[i])) != 0;
	}
	failed |= gh_json_set_string(o, "type", "object") != 0 ||
	    gh_json_set_bool(o, "required", needs_one) != 0;
	failed |= gh_json_set(o, "fields", list) != 0;
	return finish(o, failed);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* The member of the template's form under the same name. */
static bool
move(const gh_json *form, const char *name, gh_json *to)
{
	gh_json *v = gh_json_get(form, name);

	return v != NULL && gh_json_set(to, name, gh_json_ref(v)) == 0;
}

static gh_json *
pkcs10_input(const gh_json *form)
{
	gh_json *o = gh_json_new_object();
	bool failed = gh_json_set_string(o, "type", "pkcs10") != 0 ||
	    gh_json_set_bool(o, "required", true) != 0 || !move(form, "keys", o) ||
	    !move(form, "subject", o) || !move(form, "san", o);

	return finish(o, failed);
}

/* In place of the PKCS#10, for what its rules say of keys and names. */
static gh_json *
crmf_input(void)
{
	gh_json *o = gh_json_new_object();
	bool failed = gh_json_set_string(o, "type", "crmf") != 0 ||
	    gh_json_set_bool(o, "required", false) != 0 ||
	    gh_json_set_string(o, "in_place_of", "pkcs10") != 0;

	return finish(o, failed);
}

/* What it is wrapped in is the KRA's to say. */
static gh_json *
archival_input(const struct catalog_template *t)
{
	gh_json *o = gh_json_new_object();
	bool failed = gh_json_set_string(o, "type", "wrapped_key") != 0 ||
	    gh_json_set_bool(o, "required", tmpl_archival(t->tmpl) == TMPL_ARCHIVAL_REQUIRED) !=
		0 ||
	    gh_json_set_string(o, "recovery_policy", tmpl_recovery_policy(t->tmpl)) != 0 ||
	    gh_json_set_string(o, "transport", "/pki/config/kra/cert/transport") != 0 ||
	    gh_json_set_string(o, "algorithms", "/pki/info") != 0;

	return finish(o, failed);
}

static gh_json *
inputs(const struct catalog *c, const struct catalog_template *t, const gh_json *form)
{
	gh_json *o = gh_json_new_object();
	bool failed = gh_json_set(o, "pkcs10", pkcs10_input(form)) != 0 ||
	    gh_json_set(o, "crmf", crmf_input()) != 0 ||
	    gh_json_set(o, "metadata", metadata_input(c, t)) != 0;

	if (!failed && tmpl_archival(t->tmpl) != TMPL_ARCHIVAL_NONE)
		failed = gh_json_set(o, "archival", archival_input(t)) != 0;
	return finish(o, failed);
}

static gh_json *
outputs(const gh_json *form)
{
	gh_json *o = gh_json_new_object();

	return finish(o, o == NULL || !move(form, "certificate", o));
}

/* The CA may want an officer, too. */
static bool
needs_approval(const struct catalog_template *t, const struct ca *ca)
{
	return tmpl_needs_approval(t->tmpl) || (ca != NULL && ca_needs_approval(ca));
}

static gh_json *
summary(const gh_json *form, const struct catalog_template *t, const struct ca *ca)
{
	gh_json *o = gh_json_new_object();
	bool failed = o == NULL || !move(form, "name", o) || !move(form, "display_name", o) ||
	    !move(form, "description", o) || !move(form, "purpose", o) ||
	    gh_json_set_bool(o, "approval", needs_approval(t, ca)) != 0;

	return finish(o, failed);
}

gh_json *
profile_summary(const struct catalog_template *t, const struct ca *ca)
{
	gh_json *form = tmpl_describe_form(t->tmpl), *o = summary(form, t, ca);

	gh_json_free(form);
	return o;
}

gh_json *
profile_describe(const struct catalog *c, const struct catalog_template *t, const struct ca *ca)
{
	gh_json *form = tmpl_describe_form(t->tmpl), *o = summary(form, t, ca);
	bool failed = o == NULL || gh_json_set_int(o, "version", t->version) != 0 ||
	    gh_json_set_string(o, "ca", ca != NULL ? ca->name : NULL) != 0 ||
	    gh_json_set_int(o, "approvals", tmpl_approvals(t->tmpl)) != 0 ||
	    !move(form, "requester", o) || gh_json_set(o, "inputs", inputs(c, t, form)) != 0 ||
	    gh_json_set(o, "outputs", outputs(form)) != 0;

	gh_json_free(form);
	return finish(o, failed);
}
