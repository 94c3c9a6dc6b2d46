/* Searches that people keep. See console_search.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "form.h"
#include "inventory/saved_search.h"
#include "rest/rest_saved_search.h"

#include "pages/page.h"

#include "console_ask.h"
#include "console_page.h"
#include "console_search.h"

#define PATH "/console/certificates"
#define NAME "search_name" /* of the form: the summary above it has a "name" of its own */

/* --- the page --------------------------------------------------------------------------------- */

static const char *
text_of(const gh_json *row, const char *member)
{
	const char *text = gh_json_string(gh_json_get(row, member));

	return text != NULL ? text : "";
}

const gh_json *
console_search_find(const gh_json *searches, const char *name)
{
	const gh_json *entries = gh_json_get(searches, "entries"), *found = NULL;

	for (size_t i = 0; i < gh_json_size(entries); i++) {
		const gh_json *row = gh_json_at(entries, i);

		if (strcasecmp(text_of(row, "name"), name) == 0 &&
		    (found == NULL || gh_json_bool(gh_json_get(row, "mine"), false)))
			found = row;
	}
	return found;
}

static bool
may_change(const struct call *call, const gh_json *row)
{
	return gh_json_bool(gh_json_get(row, "mine"), false) ||
	    (call->requester->roles & REQUESTER_ROLE_ADMIN) != 0;
}

static int
put_row(gh_json *row, const struct call *call, const gh_json *shown)
{
	char etag[SAVED_SEARCH_ETAG_SIZE];
	struct gh_buf q;
	int bad;

	gh_buf_init(&q, CONSOLE_QUERY_MAX);
	console_query_put(&q, "saved", text_of(row, "name"));
	bad = console_set_link(row, "link", PATH, &q) |
	    gh_json_set_string(row, "etag", saved_search_etag(row, etag)) |
	    gh_json_set_bool(row, "is_shown", row == shown) |
	    gh_json_set_bool(row, "may_remove", may_change(call, row));
	gh_buf_free(&q);
	return bad;
}

/* What stands in the form: what was typed, else what is saved, where it is his to change. */
static int
put_form(gh_json *data, const struct call *call, const gh_json *shown)
{
	gh_json *values = gh_json_get(data, "values");
	const gh_json *row = shown != NULL && may_change(call, shown) ? shown : NULL;
	const struct gh_form *form = call->http->method == GH_HTTP_POST ? call->form : NULL;
	const char *name = form != NULL ? gh_form_get(form, NAME) : text_of(row, "name"),
		   *about = form != NULL ? gh_form_get(form, "description")
					 : text_of(row, "description");
	bool is_shared = form != NULL ? gh_form_get(form, "shared") != NULL
				      : gh_json_bool(gh_json_get(row, "shared"), false);

	return gh_json_set_string(values, NAME, name) |
	    gh_json_set_string(values, "description", about) |
	    gh_json_set_bool(data, "is_shared", is_shared) |
	    gh_json_set_bool(data, "may_share", console_sees_all(call->requester)) |
	    gh_json_set_bool(data, "is_saving", form != NULL || shown != NULL);
}

int
console_search_put(gh_json *data, const struct call *call, const gh_json *searches,
    const gh_json *shown)
{
	const gh_json *entries = gh_json_get(searches, "entries");
	gh_json *list = gh_json_new_array();
	int bad = put_form(data, call, shown);

	for (size_t i = 0; i < gh_json_size(entries); i++) {
		gh_json *row = gh_json_at(entries, i);

		/* no name leads to a shared one that is called like one of his own */
		if (console_search_find(searches, text_of(row, "name")) == row)
			bad |= put_row(row, call, shown) | gh_json_append(list, gh_json_ref(row));
	}
	return bad | gh_json_set_bool(data, "has_searches", gh_json_size(list) > 0) |
	    console_set(data, "searches", list);
}

/* --- changes ---------------------------------------------------------------------------------- */

/* NULL: out of memory. */
static gh_json *
body_of(const struct call *call)
{
	static const char *const members[] = {"query", "description", "order_by", "order",
	    "fields"};
	gh_json *body = gh_json_new_object();
	int bad = gh_json_set_bool(body, "shared", gh_form_get(call->form, "shared") != NULL);

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		bad |= console_take(body, call, members[i]);
	if (bad == 0)
		return body;
	gh_json_free(body);
	return NULL;
}

/* The version that it replaces; NULL: it is to be a new one. */
static const char *
version_of(const struct gh_form *form, const char *name)
{
	const char *saved = gh_form_get(form, "saved"), *version = gh_form_get(form, "version");

	if (saved == NULL || version == NULL || *version == '\0' || strcasecmp(saved, name) != 0)
		return NULL;
	return version;
}

static int
save(struct worker_env *env, const struct call *call, const char *name, gh_json **answer,
    struct gh_error *err)
{
	struct call_parts parts = {.n = 1, .part = {{.name = "name}"}}};
	struct console_ask what = {.handler = rest_saved_search_put,
	    .method = GH_HTTP_PUT,
	    .parts = &parts,
	    .if_match = version_of(call->form, name)};
	gh_json *body = body_of(call);
	int rc;

	*answer = NULL;
	if (body == NULL)
		return gh_fail(err, GH_E_NOMEM, "search of a form");
	/* what is cut is still longer than a name may be */
	snprintf(parts.part[0].text, sizeof(parts.part[0].text), "%s", name);
	what.body = body;
	rc = console_ask(env, call, &what, answer, err);
	gh_json_free(body);
	if (rc == GH_E_UNCONDITIONAL)
		rc = gh_refuse_as(err, rc, "search_is_there", NULL,
		    "There is a saved search of this name already: open it to replace it.");
	return rc;
}

/* What is wrong, by the fields of the form. NULL: out of memory. */
static gh_json *
errors_of(const gh_json *answer)
{
	gh_json *o = gh_json_new_object();
	int bad = o != NULL ? 0 : -1;

	for (void *it = gh_json_iter(answer); bad == 0 && it != NULL;
	     it = gh_json_next(answer, it)) {
		const char *name = gh_json_iter_name(it);

		bad = gh_json_set(o, strcmp(name, "name") == 0 ? NAME : name,
		    gh_json_ref(gh_json_iter_value(it)));
	}
	if (bad == 0)
		return o;
	gh_json_free(o);
	return NULL;
}

/* The field that a refusal without one is about. */
static const char *
field_of(const struct call *call, enum gh_code code)
{
	bool is_shared = gh_form_get(call->form, "shared") != NULL;

	return code == GH_E_FORBIDDEN && is_shared && !console_sees_all(call->requester) ? "shared"
											 : NAME;
}

void
console_search_save(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const char *typed = gh_form_get(call->form, NAME), *name = typed != NULL ? typed : "";
	struct gh_error err = {0};
	gh_json *answer;
	char path[sizeof(PATH) + 128];
	int rc = save(env, call, name, &answer, &err);

	if (rc == 0) {
		snprintf(path, sizeof(path), PATH "?saved=%s",
		    text_of(answer, "name")); /* it needs no encoding */
		page_redirect(rep, path);
	} else if (rc == GH_E_VALIDATION || rc == GH_E_FORBIDDEN || rc == GH_E_UNCONDITIONAL ||
	    rc == GH_E_PRECONDITION || rc == GH_E_CONFLICT) {
		gh_json *errors = answer != NULL ? errors_of(answer)
						 : console_errors(field_of(call, err.code), &err);

		console_certificates_again(env, call, gh_error_info(err.code)->http_status, errors,
		    rep);
		gh_json_free(errors);
		gh_http_reply_cause(rep, &err);
	} else {
		page_refuse(call, &err, rep);
	}
	gh_json_free(answer);
}

void
console_search_remove(struct worker_env *env, const struct call *call, struct gh_http_reply *rep)
{
	const char *version = gh_form_get(call->form, "version");
	const struct console_ask what = {.handler = rest_saved_search_remove,
	    .method = GH_HTTP_DELETE,
	    .if_match = version};
	const struct gh_error err = {.code = GH_E_UNCONDITIONAL,
	    .message = "The form does not say which version it is about."};

	if (version != NULL && *version != '\0')
		console_do(env, call, &what, PATH, rep);
	else
		page_refuse(call, &err, rep);
}
