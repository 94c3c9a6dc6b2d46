/* Templates in the console: which there are, and one as people read it. See console_admin.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rest/rest_stored.h"
#include "rest/rest_template.h"

#include "pages/page.h"

#include "console_admin.h"
#include "console_ask.h"
#include "console_page.h"

#define DAY_S 86400

/* --- list ------------------------------------------------------------------------------------- */

/* The versions in use. NULL: out of memory. */
static gh_json *
active_of(const gh_json *all)
{
	gh_json *data = gh_json_new_object(), *list = gh_json_new_array();
	int bad = 0;

	for (size_t i = 0; i < gh_json_size(all); i++) {
		gh_json *t = gh_json_at(all, i);

		if (gh_json_bool(gh_json_get(t, "active"), false))
			bad |= gh_json_append(list, gh_json_ref(t));
	}
	bad |= gh_json_set(data, "templates", list);
	if (bad == 0)
		return data;
	gh_json_free(data);
	return NULL;
}

void
console_templates(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *page;

	if (console_get(env, call, rest_templates, "order=newest&limit=1000", &page, &err) == 0)
		console_reply(env, call, 200, "templates", active_of(gh_json_get(page, "entries")),
		    rep);
	else
		page_refuse(call, &err, rep);
	gh_json_free(page);
}

/* --- one -------------------------------------------------------------------------------------- */

/* {name, texts}: name is that of a label. What is absent or empty is left out. 0 or -1. */
static int
put_fact(gh_json *list, const char *name, const gh_json *v)
{
	gh_json *o;

	if (v == NULL || gh_json_type(v) == GH_JSON_NULL ||
	    (gh_json_type(v) == GH_JSON_ARRAY && gh_json_size(v) == 0))
		return 0;
	o = gh_json_new_object();
	if (gh_json_set_string(o, "name", name) != 0 ||
	    gh_json_set(o, "texts", console_texts(v)) != 0) {
		gh_json_free(o);
		return -1;
	}
	return gh_json_append(list, o);
}

static int
put_days(gh_json *list, const char *name, const gh_json *seconds)
{
	int64_t n = 0;
	gh_json *days;
	char text[32];
	int bad;

	if (!gh_json_int(seconds, &n) || n == 0)
		return 0;
	snprintf(text, sizeof(text), "%" PRId64, n / DAY_S);
	days = gh_json_new_string(text);
	bad = put_fact(list, name, days);
	gh_json_free(days);
	return bad;
}

/* Where the names come from: {"from":"request", ...} or {"from":"directory","parts":[...]}. */
static int
put_names(gh_json *list, const char *from_directory, const char *from_request, const gh_json *names)
{
	const char *from = gh_json_string(gh_json_get(names, "from"));

	if (from != NULL && strcmp(from, "directory") == 0)
		return put_fact(list, from_directory, gh_json_get(names, "parts"));
	return put_fact(list, from_request,
	    gh_json_get(names, gh_json_get(names, "allowed") != NULL ? "allowed" : "types"));
}

/* NULL: out of memory. */
static gh_json *
facts_of(const gh_json *template)
{
	const gh_json *form = gh_json_get(template, "form"),
		      *cert = gh_json_get(form, "certificate"),
		      *body = gh_json_get(template, "body");
	gh_json *list = gh_json_new_array();
	int bad = put_fact(list, "description", gh_json_get(form, "description")) |
	    put_fact(list, "purpose", gh_json_get(form, "purpose")) |
	    put_fact(list, "requester", gh_json_get(form, "requester")) |
	    put_fact(list, "groups", gh_json_get(body, "enrollGroups")) |
	    put_fact(list, "keys", gh_json_get(form, "keys")) |
	    put_days(list, "validity", gh_json_get(cert, "validity_seconds")) |
	    put_days(list, "renewal", gh_json_get(cert, "renewal_seconds")) |
	    put_fact(list, "key_usage", gh_json_get(cert, "key_usage")) |
	    put_fact(list, "extended_key_usage", gh_json_get(cert, "extended_key_usage")) |
	    put_fact(list, "policies", gh_json_get(cert, "policies")) |
	    put_names(list, "subject_directory", "subject_request", gh_json_get(form, "subject")) |
	    put_names(list, "san_directory", "san_request", gh_json_get(form, "san")) |
	    put_fact(list, "sid", gh_json_get(cert, "sid")) |
	    put_fact(list, "archival", gh_json_get(form, "archival")) |
	    put_fact(list, "recovery_policy", gh_json_get(form, "recovery_policy")) |
	    put_fact(list, "metadata", gh_json_get(body, "metadataRequired"));

	if (bad == 0)
		return list;
	gh_json_free(list);
	return NULL;
}

static gh_json *
data_of(gh_json *template)
{
	const gh_json *form = gh_json_get(template, "form");
	char *file = gh_json_print(gh_json_get(template, "body"), true);
	gh_json *data = gh_json_new_object(), *facts = facts_of(template);
	int bad = gh_json_set(data, "template", gh_json_ref(template)) |
	    gh_json_set_string(data, "title", gh_json_string(gh_json_get(template, "name"))) |
	    gh_json_set_bool(data, "needs_approval",
		gh_json_bool(gh_json_get(form, "approval"), false)) |
	    gh_json_set_bool(data, "is_usable", gh_json_type(form) == GH_JSON_OBJECT) |
	    gh_json_set(data, "facts", facts) | gh_json_set_string(data, "file", file);

	free(file);
	if (bad == 0)
		return data;
	gh_json_free(data);
	return NULL;
}

void
console_template(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	struct gh_error err = {0};
	gh_json *template;

	if (console_get(env, call, rest_template, NULL, &template, &err) == 0)
		console_reply(env, call, 200, "template", data_of(template), rep);
	else
		page_refuse(call, &err, rep);
	gh_json_free(template);
}
