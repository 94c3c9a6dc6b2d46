/* API applications in the console: which there are, a new one, other secrets. See console_admin.h.
 */
#include <stdlib.h>
#include <string.h>

#include "form.h"
#include "public/ca_pages.h"
#include "rest/rest_application.h"
#include "rest/rest_stored.h"

#include "pages/page.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_confirm.h"
#include "console_list.h"
#include "console_page.h"

#define APPLICATIONS "/console/applications"
#define NAME "application" /* of the form: templates of pages know "name" as something else */

static const struct console_field renamed[] = {{NAME, "name"}, {NULL, NULL}};

static const struct console_choice hashes[] = {
    {"SHA1", "application_hash.sha1"},
    {"SHA256", "application_hash.sha256"},
    {"SHA512", "application_hash.sha512"},
    {NULL, NULL},
};
static const struct console_choice signatures[] = {
    {"yes", "application_signature.yes"},
    {"no", "application_signature.no"},
    {NULL, NULL},
};

/* --- page ------------------------------------------------------------------------------------- */

static bool
is_chosen(const struct call *call, const char *template)
{
	const struct gh_form_field *f = NULL;

	while (call->form != NULL && (f = gh_form_next(call->form, "templates", f)) != NULL)
		if (f->is_text && strcmp(f->value, template) == 0)
			return true;
	return false;
}

/* The templates in use, to be chosen: {name, is_chosen}. */
static int
put_templates(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	gh_json *page, *list = gh_json_new_array(), *all;
	int rc = console_get(env, call, rest_templates, "limit=1000", &page, err), bad = 0;

	all = rc == 0 ? gh_json_get(page, "entries") : NULL;
	for (size_t i = 0; i < gh_json_size(all); i++) {
		gh_json *t = gh_json_at(all, i);
		const char *name = gh_json_string(gh_json_get(t, "name"));

		if (name == NULL || !gh_json_bool(gh_json_get(t, "active"), false))
			continue;
		bad |= gh_json_set_bool(t, "is_chosen", is_chosen(call, name));
		bad |= gh_json_append(list, gh_json_ref(t));
	}
	bad |= gh_json_set(data, "choices", list);
	gh_json_free(page);
	return rc != 0 || bad == 0 ? rc : gh_fail(err, GH_E_NOMEM, "applications");
}

/* "" is: by rule. */
static int
put_cas(struct worker_env *env, const struct call *call, gh_json *options, struct gh_error *err)
{
	const char *chosen = gh_form_get(call->form, "ca");
	gh_json *page, *list = gh_json_new_array(), *all;
	int rc = console_get(env, call, ca_pages_list, NULL, &page, err), bad = 0;

	all = rc == 0 ? gh_json_get(page, "entries") : NULL;
	bad = console_option(list, "", words_get(page_words(call->http), "applications.by_rule"),
	    chosen);
	for (size_t i = 0; i < gh_json_size(all); i++) {
		const gh_json *ca = gh_json_at(all, i);
		const char *name = gh_json_string(gh_json_get(ca, "name")),
			   *state = gh_json_string(gh_json_get(ca, "state"));

		if (name != NULL && state != NULL && strcmp(state, "active") == 0)
			bad |= console_option(list, name, name, chosen);
	}
	bad |= gh_json_set(options, "ca", list);
	gh_json_free(page);
	return rc != 0 || bad == 0 ? rc : gh_fail(err, GH_E_NOMEM, "applications");
}

/* The fields as they were sent, or empty. */
static int
put_form(struct worker_env *env, const struct call *call, gh_json *data, struct gh_error *err)
{
	static const char *const fields[] = {NAME, "groups"};
	const struct words *w = page_words(call->http);
	gh_json *values = gh_json_new_object(), *options = gh_json_new_object();
	int rc = put_cas(env, call, options, err), bad = 0;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const char *text = gh_form_get(call->form, fields[i]);

		bad |= gh_json_set_string(values, fields[i], text != NULL ? text : "");
	}
	bad |= gh_json_set(options, "min_hash",
	    console_options(hashes, gh_form_get(call->form, "min_hash"), w));
	bad |= gh_json_set(options, "signature_required",
	    console_options(signatures, gh_form_get(call->form, "signature_required"), w));
	bad |= gh_json_set(data, "values", values) | gh_json_set(data, "options", options);
	if (rc == 0 && bad != 0)
		rc = gh_fail(err, GH_E_NOMEM, "applications");
	return rc == 0 ? put_templates(env, call, data, err) : rc;
}

static int
complete(const struct worker_env *env, const struct call *call, gh_json *app)
{
	(void)env;
	(void)call;
	return gh_json_set_bool(app, "has_groups", gh_json_size(gh_json_get(app, "groups")) > 0);
}

static const struct console_list applications = {.page = "applications",
    .path = APPLICATIONS,
    .api = rest_applications,
    .query = "limit=1000",
    .row = complete,
    .more = put_form};

void
console_applications(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	console_list_reply(&applications, env, call, rep);
}

/* --- secrets, shown once ---------------------------------------------------------------------- */

/* Takes answer over. The page is an answer to POST: in no history, no cache, and no address. */
static void
show_secrets(struct worker_env *env, const struct call *call, gh_json *answer,
    struct gh_http_reply *rep)
{
	gh_json *data = gh_json_new_object();

	if (gh_json_set(data, "application", answer) != 0) {
		gh_json_free(data);
		data = NULL;
	}
	console_reply(env, call, 200, "application_secret", data, rep);
	rep->has_secret = true;
}

/* The fields of the form as the API takes them. NULL: out of memory. */
static gh_json *
body_of(const struct call *call)
{
	const char *signature = gh_form_get(call->form, "signature_required");
	const struct gh_form_field *f = NULL;
	gh_json *o = gh_json_new_object(), *templates = gh_json_new_array();
	const char *name = gh_form_get(call->form, NAME);
	int bad = gh_json_set_string(o, "name", name != NULL ? name : "") |
	    console_take(o, call, "ca") | console_take(o, call, "min_hash") |
	    gh_json_set(o, "groups", console_lines(gh_form_get(call->form, "groups"))) |
	    gh_json_set_bool(o, "signature_required",
		signature == NULL || strcmp(signature, "no") != 0);

	while ((f = gh_form_next(call->form, "templates", f)) != NULL)
		if (f->is_text)
			bad |= gh_json_append(templates, gh_json_new_string(f->value));
	bad |= gh_json_set(o, "templates", templates);
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

void
console_application_create(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	gh_json *body = body_of(call), *answer = NULL;
	const struct console_ask what = {.handler = rest_application_create,
	    .method = GH_HTTP_POST,
	    .body = body};
	struct gh_error err = {0};
	int rc = body != NULL ? console_ask(env, call, &what, &answer, &err)
			      : gh_fail(&err, GH_E_NOMEM, "application");

	gh_json_free(body);
	if (rc == 0) {
		show_secrets(env, call, answer, rep);
		return;
	}
	if ((rc == GH_E_VALIDATION && answer != NULL) || rc == GH_E_CONFLICT)
		console_list_refuse(&applications, env, call, &err,
		    answer != NULL ? console_field_errors(answer, renamed)
				   : console_errors(NAME, &err),
		    rep);
	else
		page_refuse(call, &err, rep);
	gh_json_free(answer);
}

static void
rotate(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	gh_json *body = gh_json_new_object(), *answer = NULL;
	const struct console_ask what = {.handler = rest_application_rotate,
	    .method = GH_HTTP_POST,
	    .body = body};
	bool new_key = gh_form_get(call->form, "new_key") != NULL;
	struct gh_error err = {0};
	int rc = gh_json_set_bool(body, "new_key", new_key) == 0
	    ? console_ask(env, call, &what, &answer, &err)
	    : gh_fail(&err, GH_E_NOMEM, "application");

	gh_json_free(body);
	if (rc == 0) {
		show_secrets(env, call, answer, rep);
	} else {
		gh_json_free(answer);
		page_refuse(call, &err, rep);
	}
}

void
console_application_rotate(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	if (console_confirmed(env, call, "rotate", call_text(call->parts, "profile"), APPLICATIONS,
		rep))
		rotate(env, call, rep);
}

void
console_application_enable(struct worker_env *env, const struct call *call,
    struct gh_http_reply *rep)
{
	gh_json *body = console_enabled(call);
	const struct console_ask what = {.handler = rest_application_enable,
	    .method = GH_HTTP_PUT,
	    .body = body};

	if (console_confirmed(env, call, "application", call_text(call->parts, "profile"),
		APPLICATIONS, rep))
		console_do(env, call, &what, APPLICATIONS, rep);
	gh_json_free(body);
}
