/* Member "naming" of a template file: who may name what (docs/naming.md). */
#include <stdlib.h>
#include <string.h>

#include "load.h"

/* Patterns of one kind (arg), in their form. out: struct tmpl_list */
static int
load_patterns(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	enum name_kind kind = *(const enum name_kind *)m->arg;
	char form[NAME_FORM_SIZE];
	struct tmpl_list *l = out;
	const char *text, *why;
	int rc;

	if ((l->v = calloc(gh_json_size(v) + 1, sizeof(*l->v))) == NULL)
		return gh_fail(err, GH_E_NOMEM, "template list");
	for (size_t i = 0; i < gh_json_size(v); i++) {
		struct schema_at here = {at, NULL, i};

		if ((rc = schema_text_at(v, i, &here, &text, err)) != 0)
			return rc;
		if (!name_form_pattern(kind, text, form, &why))
			return schema_fail(&here, err, "%s", why);
		if (tmpl_list_has(l, form))
			return schema_fail(&here, err, "is there twice");
		if ((l->v[l->n] = strdup(form)) == NULL)
			return gh_fail(err, GH_E_NOMEM, "template list");
		l->n++;
	}
	return 0;
}

static const enum name_kind dns = NAME_DNS, email = NAME_EMAIL, ip = NAME_IP, uri = NAME_URI,
			    upn = NAME_UPN;

static const struct schema_member rule_member[] = {{"group", GH_JSON_STRING, true,
						       offsetof(struct tmpl_name_rule, group),
						       schema_string, 1, TMPL_TEXT_MAX, NULL},
    {"dns", GH_JSON_ARRAY, false, offsetof(struct tmpl_name_rule, pattern[NAME_DNS]), load_patterns,
	1, TMPL_LIST_MAX, &dns},
    {"email", GH_JSON_ARRAY, false, offsetof(struct tmpl_name_rule, pattern[NAME_EMAIL]),
	load_patterns, 1, TMPL_LIST_MAX, &email},
    {"ip", GH_JSON_ARRAY, false, offsetof(struct tmpl_name_rule, pattern[NAME_IP]), load_patterns,
	1, TMPL_LIST_MAX, &ip},
    {"uri", GH_JSON_ARRAY, false, offsetof(struct tmpl_name_rule, pattern[NAME_URI]), load_patterns,
	1, TMPL_LIST_MAX, &uri},
    {"upn", GH_JSON_ARRAY, false, offsetof(struct tmpl_name_rule, pattern[NAME_UPN]), load_patterns,
	1, TMPL_LIST_MAX, &upn},
    {NULL, 0, false, 0, NULL, 0, 0, NULL}};

/* out: struct tmpl_naming_rules */
static int
load_rules(const struct schema_member *m, const gh_json *v, const struct schema_at *at, void *out,
    struct gh_error *err)
{
	struct tmpl_naming_rules *r = out;
	int rc;

	(void)m;
	for (size_t i = 0; i < gh_json_size(v); i++) {
		struct schema_at here = {at, NULL, i};
		size_t patterns = 0;

		/* counted before it is loaded: what a failure leaves is freed with the rest */
		r->rules++;
		if ((rc = schema_load(rule_member, gh_json_at(v, i), &here, &r->rule[i], err)) != 0)
			return rc;
		for (int k = 0; k < NAME_KINDS; k++)
			patterns += r->rule[i].pattern[k].n;
		if (patterns == 0)
			return schema_fail(&here, err, "has none of dns, email, ip, uri, upn");
	}
	return 0;
}

static const struct schema_choice otherwise_choice[] = {{"deny", TMPL_OTHERWISE_DENY},
    {"approval", TMPL_OTHERWISE_APPROVAL}, {NULL, 0}};

static const struct schema_member naming_member[] = {{"byGroup", GH_JSON_ARRAY, false, 0,
							 load_rules, 1, TMPL_NAME_RULES_MAX, NULL},
    {"owners", GH_JSON_BOOL, false, offsetof(struct tmpl_naming_rules, owners), schema_bool, 0, 0,
	NULL},
    {"devices", GH_JSON_BOOL, false, offsetof(struct tmpl_naming_rules, devices), schema_bool, 0, 0,
	NULL},
    {"otherwise", GH_JSON_STRING, false, offsetof(struct tmpl_naming_rules, otherwise),
	schema_choice, 0, 0, otherwise_choice},
    {NULL, 0, false, 0, NULL, 0, 0, NULL}};

/* Of whomever; devices is not looked at. */
static bool
allows_none(const struct tmpl_naming_rules *r)
{
	return r->rules == 0 && !r->owners && r->otherwise == TMPL_OTHERWISE_DENY;
}

bool
tmpl_names_are_listed(const struct tmpl *t)
{
	return t->naming.is_set && t->naming.devices && allows_none(&t->naming);
}

int
tmpl_load_naming(const struct schema_member *m, const gh_json *v, const struct schema_at *at,
    void *out, struct gh_error *err)
{
	struct tmpl_naming_rules *r = out;
	int rc;

	(void)m;
	if ((rc = schema_load(naming_member, v, at, r, err)) != 0)
		return rc;
	if (allows_none(r) && !r->devices)
		return schema_fail(at, err,
		    "allows no name: byGroup, owners, devices or otherwise approval is needed");
	r->is_set = true;
	return 0;
}

void
tmpl_free_naming(struct tmpl_naming_rules *r)
{
	for (size_t i = 0; i < r->rules; i++) {
		free(r->rule[i].group);
		for (int k = 0; k < NAME_KINDS; k++) {
			struct tmpl_list *l = &r->rule[i].pattern[k];

			for (size_t j = 0; j < l->n; j++)
				free(l->v[j]);
			free(l->v);
		}
	}
}
