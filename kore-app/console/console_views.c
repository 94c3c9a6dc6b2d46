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
#include "console_page.h"

#define VIEWS "/console/views"
#define NAME "rule" /* of the form: the summary above it has a "name" of its own */

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
put_form(gh_json *data, const struct catalog *c, const struct call *call)
{
	static const char *const fields[] = {NAME, "group", "value"};
	gh_json *values = gh_json_new_object(), *options = gh_json_new_object();
	int bad = 0;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		bad |= gh_json_set_string(values, fields[i], gh_form_get(call->form, fields[i]));
	bad |=
	    console_set(options, "template", choices(call, "template", c->tmpls, template_name, c));
	bad |= console_set(options, "ca", choices(call, "ca", c->cas.n, ca_name, c));
	bad |= console_set(options, "field", choices(call, "field", c->fields, field_name, c));
	return bad | console_set(data, "values", values) | console_set(data, "options", options);
}

/* errors: of the form that was sent, taken over; NULL: none was. */
static void
show(struct worker_env *env, const struct call *call, int status, gh_json *errors,
    struct gh_http_reply *rep)
{
	gh_json *data = gh_json_new_object(), *page = NULL, *entries;
	struct gh_error err = {0};
	int rc = console_get(env, call, rest_view_rules, "limit=1000", &page, &err), bad = 0;

	if (rc == 0) {
		entries = gh_json_get(page, "entries");
		bad = put_form(data, env->catalog, call) |
		    gh_json_set(data, "entries", gh_json_ref(entries)) |
		    gh_json_set_bool(data, "has_rows", gh_json_size(entries) > 0);
		if (errors != NULL)
			bad |= gh_json_set(data, "errors", gh_json_ref(errors));
	}
	if (rc == 0 && bad != 0)
		rc = gh_fail(&err, GH_E_NOMEM, "views");
	if (rc == 0) {
		console_reply(env, call, status, "views", data, rep);
	} else {
		gh_json_free(data);
		page_refuse(call, &err, rep);
	}
	gh_json_free(page);
	gh_json_free(errors);
}

void
console_views(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	show(env, call, 200, NULL, rep);
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

/* What is wrong, by the fields of the form. NULL: out of memory. */
static gh_json *
errors_of(const gh_json *answer)
{
	gh_json *o = gh_json_new_object();
	int bad = 0;

	for (void *it = gh_json_iter(answer); it != NULL; it = gh_json_next(answer, it)) {
		const char *name = gh_json_iter_name(it);

		bad |= gh_json_set(o, strcmp(name, "name") == 0 ? NAME : name,
		    gh_json_ref(gh_json_iter_value(it)));
	}
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
		show(env, call, gh_error_info(rc)->http_status,
		    answer != NULL ? errors_of(answer)
				   : console_errors(rc == GH_E_CONFLICT ? NAME : "", &err),
		    rep);
	else
		page_refuse(call, &err, rep);
	if (rc != 0)
		gh_http_reply_cause(rep, &err);
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
