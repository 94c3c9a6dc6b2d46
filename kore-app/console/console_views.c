/* Rules that show certificates to groups, in the console. See console_admin.h. */
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/metadata.h"
#include "form.h"
#include "rest/rest_stored.h"
#include "rest/rest_view_rule.h"

#include "pages/page.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_list.h"
#include "console_page.h"

#define VIEWS "/console/views"
#define NAME "rule" /* of the form: the summary above it has a "name" of its own */

static const struct console_field renamed[] = {{NAME, "name"}, {NULL, NULL}};

/* --- the page --------------------------------------------------------------------------------- */

/* What a rule may go by, to be chosen: names of the snapshot, and none. NULL: out of memory. */
static gh_json *
choices(const struct call *call, const char *field, size_t n,
    const char *(*name_of)(const struct catalog *c, size_t i), const struct catalog *c)
{
	const char *chosen = gh_form_get(call->form, field);
	gh_json *list = gh_json_new_array();
	int bad = console_option(list, "", words_get(page_words(call->http), "views.none_chosen"),
	    chosen);

	for (size_t i = 0; i < n && bad == 0; i++)
		bad = console_option(list, name_of(c, i), name_of(c, i), chosen);
	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

static const char *
template_name(const struct catalog *c, size_t i)
{
	return tmpl_name(c->tmpl[i].tmpl);
}

static const char *
ca_name(const struct catalog *c, size_t i)
{
	return c->cas.ca[i]->name;
}

static const char *
field_name(const struct catalog *c, size_t i)
{
	return c->field[i].name;
}

/* The fields as they were sent, or empty. */
static int
put_form(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	static const char *const fields[] = {NAME, "group", "value"};
	const struct catalog *c = env->catalog;
	gh_json *values = gh_json_new_object(), *options = gh_json_new_object();
	int bad = 0;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		bad |= gh_json_set_string(values, fields[i], gh_form_get(call->form, fields[i]));
	bad |=
	    console_set(options, "template", choices(call, "template", c->tmpls, template_name, c));
	bad |= console_set(options, "ca", choices(call, "ca", c->cas.n, ca_name, c));
	bad |= console_set(options, "field", choices(call, "field", c->fields, field_name, c));
	bad |= console_set(data, "values", values) | console_set(data, "options", options);
	return bad == 0 ? 0 : gh_fail(err, GH_E_NOMEM, "views");
}

static const struct console_list views = {.page = "views",
    .path = VIEWS,
    .api = rest_view_rules,
    .query = "limit=1000",
    .more = put_form};

void
console_views(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	console_list_reply(&views, env, call, rep);
}

/* --- a new one -------------------------------------------------------------------------------- */

/* NULL: out of memory. */
static gh_json *
body_of(const struct call *call)
{
	static const char *const members[] = {"group", "template", "ca", "field", "value"};
	const char *name = gh_form_get(call->form, NAME);
	gh_json *o = gh_json_new_object();
	int bad = gh_json_set_string(o, "name", name != NULL ? name : "");

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		bad |= console_take(o, call, members[i]);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
console_view_add(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *body = body_of(call), *answer = NULL;
	const struct console_ask what = {.handler = rest_view_rule_add,
	    .method = GH_HTTP_POST,
	    .body = body};
	struct gh_error err = {0};
	int rc = body != NULL ? console_ask(env, call, &what, &answer, &err)
			      : gh_fail(&err, GH_E_NOMEM, "view");

	gh_json_free(body);
	if (rc == 0)
		page_redirect(rep, VIEWS);
	else if (rc == GH_E_VALIDATION || rc == GH_E_CONFLICT)
		console_list_refuse(&views, env, call, &err,
		    answer != NULL ? console_field_errors(answer, renamed)
				   : console_errors(rc == GH_E_CONFLICT ? NAME : "", &err),
		    rep);
	else
		page_refuse(call, &err, rep);
	gh_json_free(answer);
}

/* --- one, and its removal --------------------------------------------------------------------- */

void
console_view(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *rule = NULL, *data = gh_json_new_object();
	struct gh_error err = {0};
	int rc = console_get(env, call, rest_view_rule, NULL, &rule, &err);

	if (rc == 0 && gh_json_set(data, "rule", gh_json_ref(rule)) != 0)
		rc = gh_fail(&err, GH_E_NOMEM, "view");
	if (rc == 0) {
		console_reply(env, call, 200, "view", data, rep);
	} else {
		gh_json_free(data);
		page_refuse(call, &err, rep);
	}
	gh_json_free(rule);
}

void
console_view_remove(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const struct console_ask what = {.handler = rest_view_rule_remove,
	    .method = GH_HTTP_DELETE};

	console_do(env, call, &what, VIEWS, rep);
}
